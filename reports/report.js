(() => {
  "use strict";
  const all = (query, root = document) => Array.from(root.querySelectorAll(query));
  const said = document.getElementById("said");

  // A file that was opened from a disk may have no clipboard: then the text is selected and copied as by hand.
  const byHand = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    const done = document.execCommand("copy");
    if (done) selection.removeAllRanges();
    return done;
  };
  const copy = async (button) => {
    const text = button.parentElement.querySelector("pre");
    let done = false;
    try {
      await navigator.clipboard.writeText(text.textContent);
      done = true;
    } catch {
      done = byHand(text);
      button.focus();
    }
    const word = button.firstChild;
    word.data = done ? "Copied" : "Selected: press Ctrl+C";
    if (!done) byHand(text);
    said.textContent = done ? "Copied." : "The command is selected.";
    setTimeout(() => { word.data = "Copy"; said.textContent = ""; }, 2500);
  };
  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  // What a link leads to may stand in something folded.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.localName === "details") node.open = true;
    const own = target.querySelector(":scope > details");
    if (own) own.open = true;
    target.scrollIntoView();
  };

  const form = document.querySelector("form.filters");
  if (form) {
    const checks = all("[data-status]");
    const groups = all("#checks > .group");
    const texts = new Map(checks.map((c) => [c, (c.querySelector("h3, summary, th")?.textContent ?? "").toLowerCase()]));
    const opened = new Set();
    const filter = () => {
      const want = new FormData(form);
      const text = want.get("text").trim().toLowerCase();
      const any = ["status", "family", "level"].some((key) => want.get(key)) || text !== "";
      let shown = 0;
      for (const check of checks) {
        const fits = ["status", "family", "level"].every((key) => !want.get(key) || check.dataset[key] === want.get(key)) &&
          texts.get(check).includes(text);
        check.hidden = !fits;
        if (fits) shown++;
      }
      for (const group of groups) {
        group.hidden = !group.querySelector("[data-status]:not([hidden])");
        const fold = group.querySelector(":scope > details");
        if (!fold) continue;
        if (any && !group.hidden && !fold.open) { fold.open = true; opened.add(fold); }
        if (!any && opened.delete(fold)) fold.open = false;
      }
      form.querySelector("output").textContent = any ? `${shown} of ${checks.length} checks` : "";
    };
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    addEventListener("hashchange", () => {
      const target = document.getElementById(location.hash.slice(1));
      if (target?.closest("[hidden]")) { form.reset(); filter(); }
      reveal();
    });
    filter(); // a browser may have kept what was chosen before a reload
  }
  reveal();
})();
