"""Signatures of what is sent to webhooks: by Standard Webhooks, and by the older pair of headers. No I/O."""

import base64
import hashlib
import hmac

PREFIX = "whsec_"


def signed_headers(secret: str, id: str, body: bytes, now: float) -> dict[str, str]:
    """Return the headers of a message: its id, its time, and both signatures.

    Standard Webhooks signs ``id.time.body`` with the bytes that the secret is base64 of; the other pair
    signs ``time.body`` with the secret as it is written.
    """
    time = str(int(now))
    key = base64.b64decode(secret.removeprefix(PREFIX))
    standard = hmac.new(key, f"{id}.{time}.".encode() + body, hashlib.sha256).digest()
    plain = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "user-agent": "Pinxit",
        "webhook-id": id,
        "webhook-timestamp": time,
        "webhook-signature": "v1," + base64.b64encode(standard).decode("ascii"),
        "x-webhook-timestamp": time,
        "x-webhook-signature": f"sha256={plain}",
    }
