"""What every route needs to know of its request: the caller, the links' base, the headers that matter."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from bot.adapters.api.callers import Caller
from bot.adapters.api.faults import bad_request

HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
LONGEST_KEY = 255
LONGEST_WAIT_SECONDS = 120.0
LONGEST_DEADLINE_SECONDS = 7 * 24 * 3600.0
WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=[,;\s]|$)")
SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(s|m|h)?")
UNITS = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request of a caller. `values` is its JSON as sent; `base` is what links begin with."""

    caller: Caller
    base: str
    path: str
    values: dict[str, Any]
    idempotency_key: str | None
    wait_seconds: float | None
    cancel_after: float | None
    last_event: str | None


def asking_of(request: Request, public_url: str | None) -> Asking:
    """Read a request that the gate has let through. Raises ApiFault."""
    headers = request.headers
    return Asking(
        caller=request.state.caller,
        base=base_of(request, public_url),
        path=request.url.path,
        values=getattr(request.state, "values", None) or {},
        idempotency_key=_idempotency_key(headers.get("idempotency-key")),
        wait_seconds=_wait(headers.get("prefer", "")),
        cancel_after=_cancel_after(headers.get("cancel-after")),
        last_event=headers.get("last-event-id"),
    )


def base_of(request: Request, public_url: str | None) -> str:
    """Return what absolute links begin with. Raises ApiFault for a Host that is none."""
    if public_url is not None:
        return public_url.rstrip("/")
    host = request.headers.get("host", "")
    if not HOST.fullmatch(host):
        raise bad_request("The Host header is not valid.")
    return f"{request.url.scheme}://{host}"


def _idempotency_key(text: str | None) -> str | None:
    if text is None:
        return None
    if not 0 < len(text) <= LONGEST_KEY or not text.isascii() or not text.isprintable():
        raise bad_request(f"Idempotency-Key takes 1 to {LONGEST_KEY} printable ASCII characters.")
    return text


def _wait(text: str) -> float | None:
    """Return the seconds in ``Prefer: wait=N``, at most so many."""
    found = WAIT.search(text[:1000])
    return min(float(found[1]), LONGEST_WAIT_SECONDS) if found else None


def _cancel_after(text: str | None) -> float | None:
    if text is None:
        return None
    found = SECONDS.fullmatch(text.strip().lower())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST_DEADLINE_SECONDS:
        raise bad_request("Cancel-After takes seconds, such as 90, or a time such as 5m.")
    return seconds


async def _asking(request: Request) -> Asking:
    return asking_of(request, request.app.state.public_url)


Asked = Annotated[Asking, Depends(_asking)]
