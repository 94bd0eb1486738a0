"""A receiver of Claude's webhooks in FastAPI, with SQLite.

    CLAUDE_WEBHOOK_KEY=whsec_… python3 app.py

It listens on 127.0.0.1:$PORT (8080). DB is the database's file (default: events.db). With PROBE_TOKEN set, GET /observe
says what events did.
"""

import hashlib
import hmac
import json
import logging
import os
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

KEY = os.environ["CLAUDE_WEBHOOK_KEY"].encode()
PROBE_TOKEN = os.environ.get("PROBE_TOKEN", "")
DB = os.environ.get("DB", "events.db")
MAX_BODY = 2 * 1024 * 1024
FRESH = timedelta(minutes=5)
STATES = {"agent.task.completed": "completed", "agent.task.failed": "failed", "agent.task.timeout": "timeout"}
SCHEMA = """
CREATE TABLE IF NOT EXISTS processed_webhook_events (
    event_id TEXT PRIMARY KEY NOT NULL, event_type TEXT NOT NULL, payload TEXT NOT NULL, received_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS task_results (
    task_id TEXT PRIMARY KEY NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT, completed_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS audit_log (event_id TEXT NOT NULL, task_id TEXT, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_log_event_id ON audit_log (event_id);
"""

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
log = logging.getLogger("receiver")


class JSONLines(logging.Formatter):
    """One JSON object a line, the server's own lines included."""

    def format(self, record):
        line = {"timestamp": datetime.now(timezone.utc).isoformat(), "level": record.levelname.lower(),
                "logger": record.name, "message": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def connect():
    """A connection for one request. SQLite lets one write at a time; the others wait."""
    db = sqlite3.connect(DB, timeout=8, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")  # what is acknowledged is on the disk
    return closing(db)  # which rolls back what was not committed


def prepare():
    with connect() as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(SCHEMA)


async def raw_body(request):
    """The bytes that were signed. No model is declared for them: FastAPI would parse them before they are verified."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, "too large")
    return bytes(body)


def verify(body, given):
    """Every byte of the body counts, and comparing takes as long for a near miss as for any other."""
    expected = hmac.new(KEY, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise HTTPException(401, "signature missing or wrong")


def text(value, name):
    """A string of an event that is fit to be a key."""
    if not isinstance(value, str) or not 0 < len(value) <= 2048 or "\0" in value:
        raise HTTPException(400, f"{name} is no text of 1 to 2048 characters")
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise HTTPException(400, f"{name} is no Unicode") from None
    return value


def parse(body):
    """The event in a verified body."""
    try:
        event = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise HTTPException(400, "no JSON") from None
    if not isinstance(event, dict):
        raise HTTPException(400, "no JSON object")
    text(event.get("id"), "id")
    text(event.get("type"), "type")
    try:
        event["at"] = datetime.fromisoformat(text(event.get("timestamp"), "timestamp"))
    except ValueError:
        raise HTTPException(400, "timestamp is not RFC 3339") from None
    if event["at"].tzinfo is None:
        raise HTTPException(400, "timestamp has no zone")
    if abs(datetime.now(timezone.utc) - event["at"]) > FRESH:
        raise HTTPException(400, "timestamp is not within 5 minutes of now")
    if event["type"] in STATES:
        data = event.get("data")
        text(data.get("task_id") if isinstance(data, dict) else None, "data.task_id")
    return event


def record(event, body):
    """Notes the event and does its work in one transaction: both happen, or neither. False for a duplicate."""
    now = datetime.now(timezone.utc).isoformat()
    state, data = STATES.get(event["type"]), event.get("data")
    task = data["task_id"] if state else None
    with connect() as db:
        db.execute("BEGIN IMMEDIATE")
        new = db.execute("INSERT INTO processed_webhook_events VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                         (event["id"], event["type"], body.decode(), now)).rowcount == 1
        if new:
            if state:  # an older event that comes late changes nothing
                db.execute("""INSERT INTO task_results VALUES (?, ?, ?, ?, ?) ON CONFLICT (task_id) DO UPDATE
                              SET status = excluded.status, result = excluded.result, error = excluded.error,
                                  completed_at = excluded.completed_at WHERE excluded.completed_at > completed_at""",
                           (task, state, json.dumps(data.get("result")), json.dumps(data.get("error")), event["at"].timestamp()))
            db.execute("INSERT INTO audit_log VALUES (?, ?, ?)", (event["id"], task, now))
        db.execute("COMMIT")
    return new


@app.post("/webhooks/claude")
async def receive(request: Request, x_claude_signature: str = Header("")):
    started = time.monotonic()
    body = await raw_body(request)
    verify(body, x_claude_signature)
    event = parse(body)
    new = await run_in_threadpool(record, event, body)  # the event loop goes on while the disk is waited for
    outcome = "processed" if new else "duplicate"
    log.info("event accepted", extra={"fields": {
        "event_id": event["id"], "event_type": event["type"], "outcome": outcome,
        "processing_time_ms": round((time.monotonic() - started) * 1000, 3)}})
    return {"status": outcome}


@app.exception_handler(HTTPException)
async def refuse(_request: Request, error: HTTPException):
    log.warning("request refused", extra={"fields": {"status": error.status_code, "reason": error.detail}})
    return JSONResponse({"error": error.detail}, error.status_code)


@app.exception_handler(Exception)
async def fail(_request: Request, _error: Exception):
    """The sender retries a 5xx; a 200 here would lose the event. Uvicorn logs the trace."""
    return JSONResponse({"error": "internal"}, 503)


if PROBE_TOKEN:  # no token, no probe

    @app.get("/observe")
    def observe(id: list[str] = Query([]), authorization: str = Header("")):
        if not hmac.compare_digest(authorization.encode(), f"Bearer {PROBE_TOKEN}".encode()):
            raise HTTPException(401, "token missing or wrong")
        marks = ",".join("?" * len(id[:100]))
        with connect() as db:
            rows = db.execute(f"""SELECT a.event_id, count(*), max(t.status)
                                    FROM audit_log a LEFT JOIN task_results t ON t.task_id = a.task_id
                                   WHERE a.event_id IN ({marks}) GROUP BY a.event_id""", id[:100]).fetchall()
        return {"events": {i: {"processed": n, "status": status} for i, n, status in rows}}


if __name__ == "__main__":
    handler = logging.StreamHandler()
    handler.setFormatter(JSONLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    prepare()
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8080")), access_log=False, log_config=None)
