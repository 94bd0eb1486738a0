"""A receiver of Claude's webhooks in Flask, with SQLite.

    CLAUDE_WEBHOOK_KEY=whsec_… gunicorn app:app    (in this folder; gunicorn.conf.py says how)

DB is the database's file (default: events.db). With PROBE_TOKEN set, GET /observe says what events did.
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

from flask import Flask, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, Unauthorized

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

app = Flask(__name__)
log = logging.getLogger("receiver")  # gunicorn.conf.py says where to, and that it is JSON


def connect():
    """A connection for one request. SQLite lets one write at a time; the others wait."""
    db = sqlite3.connect(DB, timeout=8, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")  # what is acknowledged is on the disk
    return closing(db)  # which rolls back what was not committed


def prepare():
    with connect() as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(SCHEMA)


prepare()


def raw_body():
    """The bytes that were signed. They are not to be parsed before they are verified."""
    body = bytearray()
    while chunk := request.stream.read(65536):
        body += chunk
        if len(body) > MAX_BODY:
            raise RequestEntityTooLarge()
    return bytes(body)


def verify(body):
    """Every byte of the body counts, and comparing takes as long for a near miss as for any other."""
    expected = hmac.new(KEY, body, hashlib.sha256).hexdigest()
    given = request.headers.get("X-Claude-Signature", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Unauthorized()


def text(value, name):
    """A string of an event that is fit to be a key."""
    if not isinstance(value, str) or not 0 < len(value) <= 2048 or "\0" in value:
        raise BadRequest(f"{name} is no text of 1 to 2048 characters")
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise BadRequest(f"{name} is no Unicode") from None
    return value


def parse(body):
    """The event in a verified body."""
    try:
        event = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise BadRequest("no JSON") from None
    if not isinstance(event, dict):
        raise BadRequest("no JSON object")
    text(event.get("id"), "id")
    text(event.get("type"), "type")
    try:
        event["at"] = datetime.fromisoformat(text(event.get("timestamp"), "timestamp"))
    except ValueError:
        raise BadRequest("timestamp is not RFC 3339") from None
    if event["at"].tzinfo is None:
        raise BadRequest("timestamp has no zone")
    if abs(datetime.now(timezone.utc) - event["at"]) > FRESH:
        raise BadRequest("timestamp is not within 5 minutes of now")
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
def receive():
    started = time.monotonic()
    body = raw_body()
    verify(body)
    event = parse(body)
    outcome = "processed" if record(event, body) else "duplicate"
    log.info("event accepted", extra={"fields": {
        "event_id": event["id"], "event_type": event["type"], "outcome": outcome,
        "processing_time_ms": round((time.monotonic() - started) * 1000, 3)}})
    return {"status": outcome}


@app.errorhandler(HTTPException)
def refuse(error):
    log.warning("request refused", extra={"fields": {"status": error.code, "reason": error.description}})
    return {"error": error.name}, error.code, {"Allow": "POST"} if error.code == 405 else {}


@app.errorhandler(Exception)
def fail(_error):
    """The sender retries a 5xx; a 200 here would lose the event."""
    log.exception("request failed")
    return {"error": "internal"}, 503


if PROBE_TOKEN:  # no token, no probe

    @app.get("/observe")
    def observe():
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {PROBE_TOKEN}".encode()):
            raise Unauthorized()
        ids = request.args.getlist("id")[:100]
        marks = ",".join("?" * len(ids))
        with connect() as db:
            rows = db.execute(f"""SELECT a.event_id, count(*), max(t.status)
                                    FROM audit_log a LEFT JOIN task_results t ON t.task_id = a.task_id
                                   WHERE a.event_id IN ({marks}) GROUP BY a.event_id""", ids).fetchall()
        return {"events": {i: {"processed": n, "status": status} for i, n, status in rows}}
