"""A receiver on SQLite, of Python's standard library alone, with one defect by name.

It listens on $PORT, keeps its events in the file $DB, and knows the signing key from
$CLAUDE_WEBHOOK_KEY. DEFECT says what is wrong with it; "" for nothing. GET /probe tells
what an event did.
"""

import hashlib
import hmac
import json
import os
import queue
import signal
import sqlite3
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = os.environ["CLAUDE_WEBHOOK_KEY"].encode()
DEFECT = os.environ.get("DEFECT", "")
DB = os.environ["DB"]
KNOWN = set()  # the ids of this process, for the defect memory
LOCK = threading.Lock()
READING = threading.Lock()  # for the defect one-reader
QUEUE = queue.Queue()


def connect():
    db = sqlite3.connect(DB, timeout=10, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    return db


def prepare():
    with connect() as db:
        db.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY)")
        db.execute("CREATE TABLE IF NOT EXISTS effects (id TEXT)")


def process(event):
    """Note the event and do its work, in one transaction."""
    if DEFECT in ("slow", "cut-off"):
        time.sleep(0.3)
    db = connect()
    try:
        db.execute("BEGIN IMMEDIATE")
        if db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (event,)).rowcount == 1:
            if DEFECT == "seen-first":  # noted for good before the work is done
                db.execute("COMMIT")
                time.sleep(0.01)
                db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO effects VALUES (?)", (event,))
        db.execute("COMMIT")
    finally:
        db.close()


def process_in_memory(event):
    """Doubles are known to this process only."""
    with LOCK:
        if event in KNOWN:
            return
        KNOWN.add(event)
    with connect() as db:
        db.execute("INSERT INTO effects VALUES (?)", (event,))


def forget(event):
    with connect() as db:
        db.execute("DELETE FROM seen WHERE id = ?", (event,))


def work():
    while True:
        event = QUEUE.get()
        time.sleep(0.03)
        process(event)
        QUEUE.task_done()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"{}"):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_in_pieces(self, event):
        """A failure in writing the answer undoes the mark, and not the work."""
        try:
            for piece in (b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n", b"\r\n", b"{}"):
                self.wfile.write(piece)
                time.sleep(0.05)  # a line that is gone is noticed
        except OSError:
            forget(event)
            self.close_connection = True

    def body(self):
        length = int(self.headers.get("Content-Length", 0))
        if DEFECT == "one-reader":  # as with one worker, which waits for a sender that is gone
            with READING:
                return self.rfile.read(length)
        if DEFECT == "hasty":  # no sender needs longer, somebody thought
            began, body = time.monotonic(), b""
            while len(body) < length:
                if time.monotonic() - began > 1:
                    return None
                piece = self.rfile.read1(length - len(body))
                if not piece:
                    break
                body += piece
            return body
        return self.rfile.read(length)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path != "/probe":
            return self.answer(405 if url.path.startswith("/webhooks") else 404)
        db = connect()
        events = {}
        for event in parse_qs(url.query).get("id", []):
            n = db.execute("SELECT count(*) FROM effects WHERE id = ?", (event,)).fetchone()[0]
            if n:
                events[event] = {"processed": n}
        db.close()
        self.answer(200, json.dumps({"events": events}).encode())

    def do_POST(self):
        body = self.body()
        if body is None:
            self.close_connection = True
            return self.answer(408)
        want = hmac.new(KEY, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(want, self.headers.get("X-Claude-Signature", "")):
            return self.answer(401)
        try:
            event = json.loads(body)
            at = datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
            if abs((datetime.now(timezone.utc) - at).total_seconds()) > 300:
                return self.answer(400)
            event = event["id"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400)
        if DEFECT in ("acknowledge-first", "drains"):
            QUEUE.put(event)
        elif DEFECT == "answers-first":  # and works on it at once
            self.answer(200)
            return process(event)
        elif DEFECT == "memory":
            process_in_memory(event)
        else:
            process(event)
        if DEFECT == "undo":
            return self.answer_in_pieces(event)
        self.answer(200)


def main():
    if DEFECT == "ephemeral" and os.path.exists(DB):  # as in a container without a volume
        os.remove(DB)
    prepare()
    if DEFECT in ("acknowledge-first", "drains"):
        threading.Thread(target=work, daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    server.daemon_threads = False  # those that are under way are finished at the end
    if DEFECT == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif DEFECT == "cut-off":
        pass  # ends at once
    else:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    if DEFECT == "drains":
        QUEUE.join()


main()
