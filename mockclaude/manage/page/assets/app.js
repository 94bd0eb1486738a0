// The live page of mock Claude. Whatever comes from the listener, and may have
// come from a target, is put into the page as text, never as markup.

const most = 500; // rows that are kept
const words = { pending: "pending", in_flight: "in flight", delivered: "delivered", abandoned: "abandoned", canceled: "canceled" };
const el = (id) => document.getElementById(id);

const deliveries = new Map(); // by id
const rows = new Map(); // row elements by id
const attempts = new Map(); // of the delivery that is open, by id
let stats = {};
let endpoints = new Map();
let open = 0; // the delivery that is open
let body = null; // its body
let focused = 0; // the row that has, or gets, the focus
const dirty = new Set();
let tick = 0; // counts what comes over the stream
const heard = new Map(); // tick of the last update of a delivery
let scheduled = false;
let listDirty = false;
let detailDirty = false;
let statsWanted = false;

function make(tag, text, cls) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}

async function call(method, path, value) {
  const options = { method, headers: {} };
  if (value !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(value);
  }
  const response = await fetch(path, options);
  const answer = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(answer.detail || answer.title || String(response.status));
  return answer;
}

function say(text) { el("said").textContent = text; }

// what is done by a button, and its failure said
async function lever(done, act) {
  try {
    await act();
    say(done);
  } catch (err) {
    say("not done: " + err.message);
  }
}

// --- what is drawn, once per frame however much has happened

function draw() {
  scheduled = false;
  if (listDirty) drawList();
  for (const id of dirty) {
    const row = rows.get(id);
    const d = deliveries.get(id);
    if (row && d) fill(row, d);
  }
  dirty.clear();
  if (detailDirty) drawDetail();
  listDirty = detailDirty = false;
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  // A hidden page gets no frames.
  if (document.hidden) setTimeout(draw, 200); else requestAnimationFrame(draw);
}

function shown(d) {
  const state = el("filter-state").value;
  const text = el("filter-text").value.trim().toLowerCase();
  if (state && d.state !== state) return false;
  return !text || [d.id, d.event_id, d.type, d.task_id, d.endpoint].join("\n").toLowerCase().includes(text);
}

function drawList() {
  const list = [...deliveries.values()].sort((a, b) => b.id - a.id);
  for (const d of list.splice(most)) {
    if (d.id === open) continue;
    deliveries.delete(d.id);
    heard.delete(d.id);
  }
  const wanted = list.filter(shown);
  const keep = new Set(wanted.map((d) => d.id));
  for (const [id, row] of rows) {
    if (keep.has(id)) continue;
    const lost = row === document.activeElement;
    row.remove();
    rows.delete(id);
    if (lost && wanted.length) focused = wanted[0].id;
  }
  const table = el("rows");
  let at = table.firstElementChild;
  for (const d of wanted) {
    let row = rows.get(d.id);
    if (!row) {
      row = newRow(d);
      rows.set(d.id, row);
    }
    if (row === at) at = at.nextElementSibling; else table.insertBefore(row, at);
  }
  if (!rows.has(focused)) focused = wanted.length ? wanted[0].id : 0;
  for (const [id, row] of rows) row.tabIndex = id === focused ? 0 : -1;
  el("empty").hidden = wanted.length > 0;
  el("empty").textContent = deliveries.size ? "No delivery is as the filter says." : "No deliveries yet. Post a task to the API, or send an event.";
}

function newRow(d) {
  const row = make("tr", undefined, "new");
  row.dataset.id = d.id;
  for (let i = 0; i < 6; i++) row.append(make("td"));
  fill(row, d);
  return row;
}

function answerOf(d) {
  if (d.status && d.err) return d.status + " " + d.err;
  return d.err || (d.status ? String(d.status) : "–");
}

function fill(row, d) {
  const [no, state, event, count, answer, when] = row.children;
  no.textContent = d.id;
  no.className = "number";
  state.replaceChildren(make("span", words[d.state] || d.state, "state " + (d.state in words ? d.state : "")));
  const id = make("span", d.event_id, "id");
  id.title = d.event_id;
  event.replaceChildren(id, make("span", d.type + " → " + d.endpoint, "type"));
  count.textContent = d.attempts;
  answer.textContent = answerOf(d);
  when.textContent = whenOf(d);
  when.className = "when";
  if (d.id === open) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
}

function whenOf(d) {
  if (d.state === "pending" && d.due) {
    const left = (Date.parse(d.due) - Date.now()) / 1000;
    return left > 0 ? "in " + span(left) : "due";
  }
  return clock(d.finished || d.created);
}

function span(s) {
  if (s < 60) return s.toFixed(s < 10 ? 1 : 0) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + Math.round(s % 60) + " s";
  return Math.floor(s / 3600) + " h " + Math.round((s % 3600) / 60) + " min";
}

function clock(text) {
  const t = new Date(text);
  return isNaN(t) ? "" : t.toLocaleTimeString([], { hour12: false }) + "." + String(t.getMilliseconds()).padStart(3, "0");
}

function drawStats() {
  const list = el("counters");
  const counts = [["accepted", stats.accepted], ["delivered", stats.delivered], ["abandoned", stats.abandoned], ["pending", stats.pending],
    ["in flight", stats.in_flight], ["attempts", stats.attempts], ["failed attempts", stats.failed], ["extra requests", stats.extra]];
  if (list.childElementCount !== counts.length) {
    list.replaceChildren(...counts.map(([name]) => {
      const div = make("div");
      div.append(make("dt", name), make("dd"));
      return div;
    }));
  }
  counts.forEach(([, n], i) => { list.children[i].lastChild.textContent = n ?? 0; });
  el("about").textContent = `contract ${stats.contract}, seed ${stats.seed}, speed ${stats.speed}`;
  el("pause").setAttribute("aria-pressed", String(Boolean(stats.paused)));
  el("pause").textContent = stats.paused ? "Resume" : "Pause";
  const select = el("event-type");
  if (!select.childElementCount) for (const t of stats.types || []) select.append(make("option", t));
}

// --- the delivery that is open

async function show(id) {
  open = id;
  body = null;
  attempts.clear();
  for (const one of rows.keys()) dirty.add(one);
  el("detail").hidden = false;
  document.querySelector("main").classList.add("split");
  detailDirty = true;
  schedule();
  await reload(id);
  if (open === id) el("detail").focus();
}

async function reload(id) {
  try {
    const asked = tick;
    const answer = await call("GET", "/api/deliveries/" + id);
    if (open !== id) return;
    if (!newer(id, asked)) deliveries.set(id, answer.delivery);
    body = answer.delivery.body;
    for (const a of answer.attempts) attempts.set(a.id, a);
  } catch (err) {
    if (open === id) body = "not there any more: " + err.message;
  }
  dirty.add(id);
  detailDirty = true;
  schedule();
}

function hide() {
  const id = open;
  open = 0;
  el("detail").hidden = true;
  document.querySelector("main").classList.remove("split");
  dirty.add(id);
  schedule();
  const row = rows.get(id) || rows.get(focused);
  if (row) choose(row);
}

function fact(list, name, value) {
  list.append(make("dt", name), make("dd", value));
}

function drawDetail() {
  const d = deliveries.get(open);
  const panel = el("detail");
  if (!open || !d) return;
  const scroll = panel.scrollTop;
  const expanded = new Set([...panel.querySelectorAll("details[open]")].map((e) => e.dataset.key));
  const held = panel.contains(document.activeElement) ? document.activeElement.id : "";
  const facts = make("dl", undefined, "facts");
  fact(facts, "State", words[d.state] || d.state);
  fact(facts, "Event", d.event_id);
  fact(facts, "Type", d.type);
  if (d.task_id) fact(facts, "Task", d.task_id);
  const ep = endpoints.get(d.endpoint);
  fact(facts, "Endpoint", d.endpoint + (ep ? " " + ep.url : ""));
  if (ep && ep.disabled) fact(facts, "Disabled", ep.disabled);
  fact(facts, "Accepted", clock(d.created));
  if (d.due) fact(facts, "Next attempt", clock(d.due) + ", " + whenOf(d));
  if (d.finished) fact(facts, "Finished", clock(d.finished));
  if (d.redelivery_of) fact(facts, "Redelivery of", String(d.redelivery_of));
  const again = make("button", "Redeliver");
  again.id = "redeliver";
  again.type = "button";
  again.disabled = !d.finished;
  again.addEventListener("click", () => lever("redelivered", () => call("POST", `/api/deliveries/${d.id}/redeliver`, {})));
  const close = make("button", "Close");
  close.id = "close";
  close.type = "button";
  close.addEventListener("click", hide);
  const buttons = make("div", undefined, "buttons");
  buttons.append(again, close);
  const list = make("ol", undefined, "attempts");
  for (const a of [...attempts.values()].sort((x, y) => x.id - y.id)) list.append(attemptOf(a, expanded));
  const parts = [make("h2", "Delivery " + d.id), facts, buttons, make("h3", "Attempts"), list.childElementCount ? list : make("p", "None yet.")];
  if (body !== null) parts.push(make("h3", "Body, before its timestamp"), make("pre", body));
  panel.replaceChildren(...parts);
  panel.scrollTop = scroll;
  if (held) (el(held) || panel).focus();
}

function attemptOf(a, expanded) {
  const item = make("li", undefined, (a.ok ? "ok" : "failed") + (a.extra ? " extra" : ""));
  const head = make("div");
  head.append(make("strong", a.extra ? "beside attempt " + a.number : "Attempt " + a.number));
  head.append(` ${clock(a.start)}, ${(a.duration / 1e6).toFixed(1)} ms, ${answerOf(a)}`);
  for (const [is, name] of [[a.fault, "fault: " + a.fault], [a.extra, "extra"], [a.late, "late"], [a.reused, "kept connection"]]) {
    if (is) head.append(make("span", name, "mark"));
  }
  item.append(head);
  if (a.why) item.append(make("div", a.why, "why"));
  if (a.next_wait_s) item.append(make("div", `next attempt after ${span(a.next_wait_s)}` + (stats.speed !== 1 ? `, at ${stats.speed} times the speed` : ""), "wait"));
  for (const [name, text] of [["Request", a.request], ["Answer", a.response]]) {
    if (!text) continue;
    const more = make("details");
    more.dataset.key = a.id + name;
    more.open = expanded.has(more.dataset.key);
    more.append(make("summary", name), make("pre", text));
    item.append(more);
  }
  return item;
}

// --- what comes in

// newer is true when the stream has told of a delivery since a question was
// asked, whose answer may be older then.
function newer(id, asked) { return (heard.get(id) || 0) > asked; }

function take(d) {
  heard.set(d.id, ++tick);
  const known = deliveries.get(d.id);
  deliveries.set(d.id, known && known.body ? { ...d, body: known.body } : d);
  if (known && rows.has(d.id) && shown(d)) dirty.add(d.id); else listDirty = true;
  if (d.id === open) detailDirty = true;
  if (d.state === "abandoned" && !(known && known.state === "abandoned")) announce();
  wantStats();
  schedule();
}

let announced = 0;
function announce() {
  clearTimeout(announced);
  announced = setTimeout(() => {
    const n = [...deliveries.values()].filter((d) => d.state === "abandoned").length;
    el("live").textContent = n === 1 ? "1 delivery is abandoned" : n + " deliveries are abandoned";
  }, 1000);
}

function wantStats() {
  if (statsWanted) return;
  statsWanted = true;
  setTimeout(async () => {
    statsWanted = false;
    try {
      stats = await call("GET", "/api/stats");
      drawStats();
    } catch { /* the stream says that the connection is lost */ }
  }, 250);
}

async function loadAll() {
  const asked = tick;
  const [list, eps] = await Promise.all([call("GET", "/api/deliveries?limit=200"), call("GET", "/api/endpoints")]);
  for (const id of deliveries.keys()) if (!newer(id, asked)) deliveries.delete(id);
  for (const d of list.deliveries) if (!newer(d.id, asked)) deliveries.set(d.id, d);
  endpoints = new Map(eps.endpoints.map((e) => [e.id, e]));
  for (const id of rows.keys()) if (deliveries.has(id)) dirty.add(id);
  listDirty = true;
  if (open) reload(open);
  schedule();
}

let wait = 500;
function connect() {
  const source = new EventSource("/api/live");
  const on = (name, act) => source.addEventListener(name, (e) => act(JSON.parse(e.data)));
  const state = (s, text) => { el("connection").dataset.state = s; el("connection").textContent = text; };
  on("hello", (s) => {
    wait = 500;
    stats = s;
    drawStats();
    state("live", "live");
    loadAll().catch((err) => say("could not load: " + err.message));
  });
  on("delivery", take);
  on("attempt", (a) => {
    if (a.delivery === open) {
      attempts.set(a.id, a);
      detailDirty = true;
      schedule();
    }
    wantStats();
  });
  on("endpoint", (e) => { endpoints.set(e.id, e); detailDirty = true; schedule(); });
  on("deleted", (e) => endpoints.delete(e.id));
  on("missed", () => loadAll().catch(() => {}));
  on("paused", (p) => { stats.paused = p.paused; drawStats(); });
  source.onerror = () => {
    source.close();
    state("lost", "connection lost; trying again");
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 10000);
  };
}

// --- keyboard and mouse

function choose(row) {
  focused = Number(row.dataset.id);
  for (const r of rows.values()) r.tabIndex = r === row ? 0 : -1;
  row.focus();
}

el("rows").addEventListener("click", (e) => {
  const row = e.target.closest("tr");
  if (row && !String(getSelection())) {
    choose(row);
    show(Number(row.dataset.id));
  }
});

el("rows").addEventListener("keydown", (e) => {
  const row = e.target.closest("tr");
  const to = {
    ArrowDown: () => row.nextElementSibling, ArrowUp: () => row.previousElementSibling,
    Home: () => el("rows").firstElementChild, End: () => el("rows").lastElementChild,
  }[e.key];
  if (to) {
    e.preventDefault();
    const next = to();
    if (next) choose(next);
  } else if (e.key === "Enter" || e.key === " ") {
    e.preventDefault();
    show(Number(row.dataset.id));
  }
});

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const typing = e.target.matches("input, select, textarea");
  if (e.key === "/" && !typing) {
    e.preventDefault();
    el("filter-text").focus();
  } else if (e.key === "Escape" && open) {
    hide();
  } else if (e.key === "ArrowDown" && e.target === el("filter-text")) {
    e.preventDefault();
    const row = rows.get(focused);
    if (row) choose(row);
  }
});

for (const id of ["filter-state", "filter-text"]) {
  el(id).addEventListener("input", () => { listDirty = true; schedule(); });
}
el("filters").addEventListener("submit", (e) => e.preventDefault());
el("send").addEventListener("click", () => lever("sent", () => call("POST", "/api/events", { type: el("event-type").value })));
el("pause").addEventListener("click", () => lever(stats.paused ? "resumed" : "paused", () => call("POST", stats.paused ? "/api/resume" : "/api/pause", {})));

// Countdowns run by themselves.
setInterval(() => {
  for (const d of deliveries.values()) if (d.state === "pending" && rows.has(d.id)) dirty.add(d.id);
  if (dirty.size) schedule();
}, 500);

connect();
