// A receiver of Claude's webhooks in Express, with PostgreSQL.
//
//   CLAUDE_WEBHOOK_KEY=whsec_… DATABASE_URL=postgres://… node app.js
//
// It listens on 127.0.0.1:$PORT (8080). With PROBE_TOKEN set, GET /observe says what events did.
"use strict";

const crypto = require("node:crypto");
const express = require("express");
const { Pool } = require("pg");

const KEY = process.env.CLAUDE_WEBHOOK_KEY;
if (!KEY) throw new Error("CLAUDE_WEBHOOK_KEY is not set");
const PROBE_TOKEN = process.env.PROBE_TOKEN;
const FRESH_MS = 5 * 60 * 1000;
const STATES = new Map([
  ["agent.task.completed", "completed"],
  ["agent.task.failed", "failed"],
  ["agent.task.timeout", "timeout"],
]);

const pool = new Pool({
  connectionString: process.env.DATABASE_URL,
  max: 10,
  connectionTimeoutMillis: 4000, // with the next one less than the 10 s that the sender waits
  query_timeout: 4000,
});
pool.on("error", (err) => log("error", "idle connection lost", { error: err.message }));
// Without a listener of its own, a connection that is lost while it is in use ends the process.
pool.on("connect", (client) => client.on("error", (err) => log("error", "connection lost", { error: err.message })));

function log(level, message, fields) {
  console.log(JSON.stringify({ timestamp: new Date().toISOString(), level, logger: "receiver", message, ...fields }));
}

/** Refusal is an answer of 4xx: the delivery is wrong, and sending it again would not mend it. */
class Refusal extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** Comparing digests takes as long for a near miss as for any other, and for every length. */
function same(a, b) {
  const digest = (text) => crypto.createHash("sha256").update(text).digest();
  return crypto.timingSafeEqual(digest(a), digest(b));
}

function verify(body, given) {
  const expected = crypto.createHmac("sha256", KEY).update(body).digest("hex");
  if (!same(expected, given ?? "")) throw new Refusal(401, "signature missing or wrong");
}

/** text checks that a value of an event is fit to be a key. PostgreSQL takes no NUL. */
function text(value, name) {
  if (typeof value !== "string" || value === "" || value.length > 2048 || value.includes("\0") || /\p{Surrogate}/u.test(value)) {
    throw new Refusal(400, `${name} is no text of 1 to 2048 characters`);
  }
  return value;
}

// Date.parse takes far more than that, and what is no date at all differs from engine to engine.
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** parse reads the event in a verified body. */
function parse(body) {
  let event;
  try {
    event = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refusal(400, "no JSON");
  }
  if (event === null || typeof event !== "object" || Array.isArray(event)) throw new Refusal(400, "no JSON object");
  const at = RFC3339.test(text(event.timestamp, "timestamp")) ? Date.parse(event.timestamp) : NaN;
  if (!(Math.abs(Date.now() - at) <= FRESH_MS)) throw new Refusal(400, "timestamp is not RFC 3339, or not within 5 minutes of now");
  const state = STATES.get(text(event.type, "type"));
  return {
    id: text(event.id, "id"),
    type: event.type,
    at: new Date(at),
    state,
    task: state ? text(event.data?.task_id, "data.task_id") : null,
    // The columns are text: jsonb takes neither \u0000 nor half a surrogate pair.
    result: JSON.stringify(event.data?.result ?? null),
    error: JSON.stringify(event.data?.error ?? null),
  };
}

/** record notes the event and does its work in one transaction: both happen, or neither. False for a duplicate. */
async function record(event, body) {
  const client = await pool.connect();
  let broken;
  try {
    await client.query("BEGIN");
    const { rowCount } = await client.query(
      "INSERT INTO processed_webhook_events VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING", [event.id, event.type, body]);
    if (rowCount === 1) {
      if (event.state) { // an older event that comes late changes nothing
        await client.query(
          `INSERT INTO task_results AS t VALUES ($1, $2, $3, $4, $5) ON CONFLICT (task_id) DO UPDATE
             SET status = excluded.status, result = excluded.result, error = excluded.error, completed_at = excluded.completed_at
           WHERE excluded.completed_at > t.completed_at`,
          [event.task, event.state, event.result, event.error, event.at]);
      }
      await client.query("INSERT INTO audit_log VALUES ($1, $2, now())", [event.id, event.task]);
    }
    await client.query("COMMIT");
    return rowCount === 1;
  } catch (err) {
    broken = err;
    throw err;
  } finally {
    client.release(broken); // after an error it is closed, which rolls back
  }
}

const app = express();
app.disable("x-powered-by");

// The bytes that were signed, whatever they are called: express.json would leave only what they mean.
const raw = express.raw({ type: () => true, limit: "2mb", inflate: false });

app.route("/webhooks/claude")
  .post(raw, async (req, res, next) => {
    try {
      const started = performance.now();
      const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
      verify(body, req.get("X-Claude-Signature"));
      const event = parse(body);
      const outcome = (await record(event, body)) ? "processed" : "duplicate";
      log("info", "event accepted", {
        event_id: event.id, event_type: event.type, outcome, processing_time_ms: Math.round((performance.now() - started) * 1000) / 1000 });
      res.json({ status: outcome });
    } catch (err) {
      next(err); // Express 4 does not see what an async function throws
    }
  })
  .all((req, res) => res.set("Allow", "POST").sendStatus(405));

if (PROBE_TOKEN) { // no token, no probe
  app.get("/observe", async (req, res, next) => {
    try {
      if (!same(req.get("Authorization") ?? "", `Bearer ${PROBE_TOKEN}`)) return res.sendStatus(401);
      // Not req.query: Express 4 turns a long list into an object.
      const ids = new URL(req.originalUrl, "http://x").searchParams.getAll("id").slice(0, 100);
      const { rows } = await pool.query(
        `SELECT a.event_id, count(*)::int AS processed, max(t.status) AS status
           FROM audit_log a LEFT JOIN task_results t ON t.task_id = a.task_id
          WHERE a.event_id = ANY($1) GROUP BY a.event_id`, [ids]);
      res.json({ events: Object.fromEntries(rows.map(({ event_id, ...effect }) => [event_id, effect])) });
    } catch (err) {
      next(err);
    }
  });
}

// The sender retries a 5xx; a 200 here would lose the event. Express knows this handler by its four parameters.
app.use((err, req, res, _next) => {
  const status = err.status >= 400 && err.status < 500 ? err.status : 503;
  if (status === 503) log("error", "request failed", { error: err.message, stack: err.stack });
  else log("warn", "request refused", { status, reason: err.message });
  res.status(status).json({ error: status === 503 ? "unavailable" : "refused" });
});

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS processed_webhook_events (
    event_id text PRIMARY KEY, event_type text NOT NULL, payload bytea NOT NULL, received_at timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS task_results (
    task_id text PRIMARY KEY, status text NOT NULL, result text, error text, completed_at timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS audit_log (event_id text NOT NULL, task_id text, at timestamptz NOT NULL);
  CREATE INDEX IF NOT EXISTS audit_log_event_id ON audit_log (event_id);`;

async function main() {
  await pool.query(SCHEMA);
  const server = app.listen(process.env.PORT ?? 8080, "127.0.0.1");
  // What is under way is answered, then the process ends by itself.
  process.once("SIGTERM", () => server.close(() => pool.end()));
}

main().catch((err) => {
  log("error", "start failed", { error: err.message });
  process.exitCode = 1;
});
