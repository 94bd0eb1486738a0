"""A receiver with five defects, of Python's standard library alone.

FIXED names the defects that are mended: raw, race, stale, malformed, types. README.md tells of them.
"""

import hashlib
import hmac
import json
import os
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = os.environ["CLAUDE_WEBHOOK_KEY"].encode()
FIXED = os.environ.get("FIXED", "").split(",")
STATES = {"agent.task.completed": "completed", "agent.task.failed": "failed", "agent.task.timeout": "timeout"}
LOCK = threading.Lock()
seen, effects, tasks = set(), {}, {}  # a store for a demonstration: it is gone when the process is


class Malformed(Exception):
    pass


def signed_by_us(body, given):
    if "raw" not in FIXED:  # what was signed are bytes, and these are others
        body = json.dumps(json.loads(body), separators=(",", ":")).encode()
    expected = hmac.new(KEY, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.encode())


def text(value):
    if not isinstance(value, str) or not 0 < len(value) < 2048:
        raise Malformed("id, type, timestamp or task_id")
    value.encode()  # half a surrogate pair is a UnicodeEncodeError, which is a ValueError
    return value


def parse(body):
    try:
        event = json.loads(body.decode())
        if not isinstance(event, dict):
            raise Malformed("no object")
        at = datetime.fromisoformat(text(event.get("timestamp")))
        text(event.get("id")), text(event.get("type"))
        if "stale" in FIXED and (at.tzinfo is None or abs(datetime.now(timezone.utc) - at) > timedelta(minutes=5)):
            raise Malformed("not of now")
        if event["type"] in STATES:
            data = event.get("data")
            text(data.get("task_id") if isinstance(data, dict) else None)
        elif "types" not in FIXED:  # the sender adds types without asking
            raise Malformed("no known type")
    except (ValueError, RecursionError):
        raise Malformed("no JSON, or no timestamp") from None
    return event, at


def record(event, at):
    if "race" not in FIXED:  # between the question and the note another thread may ask as well
        if event["id"] in seen:
            return
        time.sleep(0.002)  # a query takes about as long
        seen.add(event["id"])
        apply(event, at)
        return
    with LOCK:
        if event["id"] not in seen:
            seen.add(event["id"])
            apply(event, at)


def apply(event, at):
    """Does the work, and counts that it was done."""
    task = event["data"]["task_id"] if event["type"] in STATES else None
    if task and (task not in tasks or at > tasks[task][0]):
        tasks[task] = (at, STATES[event["type"]])
    count, _ = effects.get(event["id"], (0, None))
    effects[event["id"]] = (count + 1, task)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds for a client to go on

    def do_POST(self):
        body = self.body()
        if body is None:
            self.close_connection = True
            return self.answer(413, {"error": "too large"})
        try:
            if not signed_by_us(body, self.headers.get("X-Claude-Signature", "")):
                return self.answer(401, {"error": "signature missing or wrong"})
            event, at = parse(body)
        except Malformed as reason:
            if "malformed" not in FIXED:  # the sender takes it for an outage, and sends it ten times more
                return self.answer(500, {"error": "internal"})
            return self.answer(400, {"error": str(reason)})
        except (ValueError, RecursionError):  # only while signed_by_us looks into what nobody vouches for
            return self.answer(401, {"error": "signature missing or wrong"})
        record(event, at)
        return self.answer(200, {"status": "ok"})

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path != "/observe":
            return self.answer(405, {"error": "method not allowed"})
        events = {i: {"processed": effects[i][0], "status": tasks[effects[i][1]][1] if effects[i][1] else ""}
                  for i in parse_qs(url.query).get("id", []) if i in effects}
        return self.answer(200, {"events": events})

    def do_HEAD(self):
        return self.answer(405, {})

    do_PUT = do_PATCH = do_DELETE = do_HEAD

    def body(self):
        """The raw body, None when it is more than 2 MB."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            length = int(self.headers.get("Content-Length") or 0)
            return self.rfile.read(length) if length <= 2 << 20 else None
        body = b""
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > 2 << 20:
                return None
        self.rfile.readline()
        return body

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()
