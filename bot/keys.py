"""Keys of the HTTP API: what one looks like, making one, and telling a right one from a wrong one. No I/O.

A key is `pinxit_<id>_<secret>`. The id is public and finds the row; the secret has 192 random bits, so a
plain SHA-256 of it is as good as a slow one.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from storage.keys import Key, Scope

FORM = re.compile(r"pinxit_([0-9a-f]{12})_([0-9a-f]{48})")
ID_BYTES, SECRET_BYTES, WEBHOOK_SECRET_BYTES = 6, 24, 24
USUAL_SCOPES = frozenset({Scope.DRAW, Scope.READ, Scope.FILES})
NOBODYS = hashlib.sha256(secrets.token_bytes(SECRET_BYTES)).hexdigest()
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and the text that opens it, which is shown once and kept nowhere."""

    key: Key
    text: str


def new_key(  # noqa: PLR0913 - what a key is
    account: int,
    name: str,
    now: float,
    *,
    scopes: Iterable[Scope] = USUAL_SCOPES,
    expires_at: float | None = None,
    requests_per_minute: float | None = None,
    max_waiting: int | None = None,
) -> NewKey:
    """Make a key that nobody has seen."""
    secret = secrets.token_hex(SECRET_BYTES)
    key = Key(
        id=secrets.token_hex(ID_BYTES),
        account=account,
        name=name[:LONGEST_NAME],
        digest=_digest(secret),
        scopes=frozenset(scopes),
        webhook_secret="whsec_" + base64.b64encode(secrets.token_bytes(WEBHOOK_SECRET_BYTES)).decode(),
        requests_per_minute=requests_per_minute,
        max_waiting=max_waiting,
        created_at=now,
        expires_at=expires_at,
    )
    return NewKey(key, f"{prefix(key)}_{secret}")


def prefix(key: Key) -> str:
    """Return the part of a key that may be shown."""
    return f"pinxit_{key.id}"


def id_of(text: str) -> str | None:
    """Return the public id in what may be a key."""
    found = FORM.fullmatch(text)
    return found[1] if found else None


def opens(text: str, key: Key | None, now: float) -> bool:
    """Say whether the text is this key, living. Takes as long when there is none."""
    secret = text.rpartition("_")[2]
    same = hmac.compare_digest(_digest(secret), key.digest if key else NOBODYS)
    return same and key is not None and key.lives(now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
