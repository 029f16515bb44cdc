"""The headers that requests and answers bear beside the usual ones, for the description. No I/O."""

import re
from typing import Any

from bot.adapters.api.asking import LONGEST_KEY, LONGEST_WAIT_SECONDS

View = dict[str, Any]

ORDERS = re.compile(
    r"/v1/jobs(/\{job\}/(reroll|vary|zoom|extend|enlarge))?|(/apps)?/run|/api/generate|/v1/images/\w+"
)
OWN_ORDERS = re.compile(r"/v1/jobs.*")
HANDED_OUT = re.compile(r"/f/.*")


def _header(name: str, description: str, **schema: Any) -> View:
    text: View = {"type": "string"} | schema
    return {"name": name, "in": "header", "required": False, "description": description, "schema": text}


IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "The same order sent again under the same key within a day is the same job; another one is a conflict.",
    minLength=1,
    maxLength=LONGEST_KEY,
    pattern=r"^[!-~]+$",
)
CANCEL_AFTER = _header(
    "Cancel-After",
    "Stop it when it has not ended after so long: 90, 5m or 1h; a week at most.",
    pattern=r"^[1-9][0-9]{0,3}[smh]?$",
)
PREFER = _header(
    "Prefer",
    f"`wait=N` waits for the end, N seconds, {LONGEST_WAIT_SECONDS:.0f} at most.",
    pattern=r"^wait=[0-9]{1,3}$",
)
LAST_EVENT_ID = _header("Last-Event-ID", "Where an earlier stream broke off: what was told since, first.")
RANGE = _header("Range", "Which part of the file.", pattern=r"^bytes=[0-9]{1,9}-$")
IF_NONE_MATCH = _header("If-None-Match", "The ETag of what is there already.", pattern=r'^"[0-9a-f]{64}"$')

LOCATION = {"Location": {"schema": {"type": "string"}, "description": "The job's own address"}}
APPLIED = {"Preference-Applied": {"schema": {"type": "string"}, "description": "What `Prefer` has done"}}


def asked_headers(method: str, path: str) -> list[View]:
    """Return the headers that a request may bear."""
    if method == "post" and ORDERS.fullmatch(path):
        return [IDEMPOTENCY_KEY, CANCEL_AFTER] + ([PREFER] if OWN_ORDERS.fullmatch(path) else [])
    if method == "get" and path == "/v1/jobs/{job}":
        return [PREFER]
    if path == "/v1/jobs/{job}/events":
        return [LAST_EVENT_ID]
    return [RANGE, IF_NONE_MATCH] if HANDED_OUT.fullmatch(path) else []


def answered_headers(method: str, path: str, status: str) -> View:
    """Return the headers that an answer bears."""
    is_order = method == "post" and ORDERS.fullmatch(path) and OWN_ORDERS.fullmatch(path)
    return LOCATION | APPLIED if is_order and status in {"201", "202"} else {}
