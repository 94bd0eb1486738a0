# A verifier of Standard Webhooks, written from the specification, for the example of docs/vectors.md.
import base64, hashlib, hmac


def verify(key, headers, body, now):
    secret = base64.b64decode(key.removeprefix("whsec_"))
    stamp = headers.get("webhook-timestamp", "")
    if not secret or not headers.get("webhook-id") or not (stamp.isascii() and stamp.isdigit()):
        return False
    if abs(now - int(stamp)) > 300:
        return False
    signed = f"{headers['webhook-id']}.{stamp}.".encode() + body
    mac = b"v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest())
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(mac, one) for one in given)
