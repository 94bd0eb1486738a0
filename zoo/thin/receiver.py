"""A receiver of thin events, of Python's standard library alone, with one defect by name.

It listens on $PORT, verifies as Standard Webhooks says with $ANTHROPIC_WEBHOOK_SIGNING_KEY,
acknowledges, and then fetches what the event is about from $ANTHROPIC_BASE_URL with
$ANTHROPIC_API_KEY, until it has it. DEFECT says what is wrong with it; "" for nothing.
"""

import base64
import hashlib
import hmac
import json
import os
import queue
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urljoin

KEY = base64.b64decode(os.environ["ANTHROPIC_WEBHOOK_SIGNING_KEY"].removeprefix("whsec_"))
BASE = os.environ["ANTHROPIC_BASE_URL"]
API_KEY = os.environ["ANTHROPIC_API_KEY"]
DEFECT = os.environ.get("DEFECT", "")
KINDS = {
    "session": "sessions", "agent": "agents", "deployment": "deployments", "deployment_run": "deployment_runs",
    "environment": "environments", "vault": "vaults", "memory_store": "memory_stores",
}
SEEN = set()
LOCK = threading.Lock()
QUEUE = queue.Queue()


def fetch(data):
    """Fetch what an event is about; False when it has to be tried again."""
    family, _, what = str(data.get("type")).partition(".")
    if family not in KINDS or what == "deleted" or not isinstance(data.get("id"), str):
        return True
    base = f"{BASE}/v1/{KINDS[family]}/"
    url = base + quote(data["id"], safe="")
    if DEFECT == "pastes":
        url = base + data["id"]
    elif DEFECT == "links":
        url = urljoin(base, data["id"])
    try:
        request = urllib.request.Request(url, headers={"x-api-key": API_KEY, "anthropic-version": "2023-06-01"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            json.load(answer)
        return True
    except urllib.error.HTTPError as error:
        return error.code == 404
    except ValueError:
        return True  # no URL can be made of it
    except OSError:
        return False


def work():
    while True:
        data = QUEUE.get()
        if not fetch(data) and DEFECT != "forgets":
            time.sleep(0.1)
            QUEUE.put(data)


def genuine(headers, body):
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want.encode(), given.encode()) for given in headers.get("webhook-signature", "").split(" "))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not genuine(self.headers, body):
            return self.answer(401)
        try:
            data = json.loads(body)["data"]
        except (ValueError, KeyError, TypeError):
            return self.answer(400)
        event = self.headers["webhook-id"]
        if DEFECT == "talks":
            print("fetching with", API_KEY, flush=True)
        with LOCK:
            known, _ = event in SEEN, SEEN.add(event)
        if not known:
            QUEUE.put(data)
        self.answer(200)


def main():
    for _ in range(8):
        threading.Thread(target=work, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever(poll_interval=0.05)


main()
