"""In front of every dialect: the key, then how often, then how much, then whether it can be read.

In this order, so that a stranger learns nothing but that a key is needed. What a route gets to see is a
body of JSON that nothing is doubtful about. Whatever goes wrong behind is answered here in one sentence.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.adapters.api.callers import Caller, Door
from bot.adapters.api.faults import ApiFault, bad_request, internal, too_slow
from bot.adapters.api.figures import Figures
from bot.adapters.api.wire import read_object

LARGEST_JSON = 1 << 20  # bytes
PUBLIC = ("/f/", "/uploads/", "/docs", "/openapi.json", "/health", "/ready", "/metrics")
FORMS = ("/v1/images/edits", "/v1/images/variations")  # which their routes read
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
BODY_SECONDS = 60.0
BREAKING = {408, 413}
MUCH = 64 << 10  # bytes of a body that are not worth waiting for once it is refused
ENDLESS = ("/events", "/stream")  # these tell of a job until its end
JSON_TYPE = b"application/json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A wire format: its name, and its way to say no."""

    name: str
    render: Callable[[ApiFault], Response]


class Gate:
    """ASGI around the routes."""

    def __init__(
        self, app: ASGIApp, door: Door, dialect_of: Callable[[str], Dialect], figures: Figures
    ) -> None:
        self._app = app
        self._door = door
        self._dialect_of = dialect_of
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answer = _Answer(send, self._noted(scope))
        scope = _as_get(scope)
        self._figures.begun()
        try:
            await self._served(scope, receive, answer)
        finally:
            self._figures.ended()

    def _noted(self, scope: Scope) -> Callable[[int], None]:
        began, name = time.perf_counter(), self._dialect_of(scope["path"]).name
        method = scope["method"] if scope["method"] in METHODS else "other"

        def note(status: int) -> None:
            self._figures.answered(name, method, status, time.perf_counter() - began)

        return note

    async def _served(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._asked(scope, receive, answer)
        except ApiFault as fault:
            await self._refuse(scope, receive, answer, fault)
        except Exception:
            log.exception("a request failed by a bug", extra={"path": _shape(scope["path"])})
            if answer.begun:
                raise
            await self._refuse(scope, receive, answer, internal())

    async def _asked(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        caller = await self._caller(scope)
        if caller is None:
            await self._app(scope, receive, answer.send)
            return
        scope.setdefault("state", {})["caller"] = caller
        with self._door.inside(caller):
            await self._app(scope, await self._readable(scope, receive), answer.send)

    async def _caller(self, scope: Scope) -> Caller | None:
        """Return who calls, None where no key is needed. Raises ApiFault."""
        if scope["path"].startswith(PUBLIC) or scope["method"] == "OPTIONS":
            return None
        client = scope.get("client")
        return await self._door.caller(Headers(scope=scope), client[0] if client else "")

    async def _refuse(self, scope: Scope, receive: Receive, answer: "_Answer", fault: ApiFault) -> None:
        response = self._dialect_of(scope["path"]).render(fault)
        if fault.status in BREAKING or _much_is_coming(scope):  # which is not read to its end
            response.headers["connection"] = "close"
        await response(scope, receive, answer.send)

    async def _readable(self, scope: Scope, receive: Receive) -> Receive:
        """Return what the routes receive a sound body from. Raises ApiFault."""
        headers = Headers(scope=scope)
        if scope["method"] in {"GET", "HEAD"} or scope["path"] in FORMS:
            return receive
        body = await _body(headers, receive)
        scope["state"]["values"] = values = _values(headers, body)
        scope["headers"] = _as_json(scope["headers"], values)
        return _replayed(body if values is not None else b"", receive)


class _Answer:
    """Notes that an answer is under way, and puts on it what every answer bears."""

    def __init__(self, send: Send, note: Callable[[int], None]) -> None:
        self._send = send
        self._note = note
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._note(message["status"])
            headers = MutableHeaders(scope=message)
            headers.setdefault("x-content-type-options", "nosniff")
            headers.setdefault("cache-control", "no-store")
        await self._send(message)


def _as_get(scope: Scope) -> Scope:
    """Let the routes answer HEAD as they answer GET; the server leaves the body out."""
    alone = scope["path"].startswith("/f/") or not has_head(scope["path"])
    return scope if scope["method"] != "HEAD" or alone else {**scope, "method": "GET"}


def has_head(path: str) -> bool:
    """Say whether an answer has an end, so that its head can be told alone."""
    return not path.endswith(ENDLESS)


def _much_is_coming(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    announced = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not announced.isdigit() or int(announced[:20]) > MUCH


async def _body(headers: Headers, receive: Receive) -> bytes:
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise bad_request("Send the body without Content-Encoding.")
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > LARGEST_JSON:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive)
    except TimeoutError:
        raise too_slow("The body") from None


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise bad_request("The body was cut off.")
        body += message.get("body", b"")
        if len(body) > LARGEST_JSON:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body)


def _too_large() -> ApiFault:
    return ApiFault(413, "too_large", f"The body is larger than {LARGEST_JSON} bytes.")


def _values(headers: Headers, body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a body, None where there is no body."""
    if not body.strip():
        return None
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise bad_request("Send JSON, with Content-Type: application/json.")
    return read_object(body)


def _as_json(headers: list[tuple[bytes, bytes]], values: object) -> list[tuple[bytes, bytes]]:
    """Say that the body is JSON, where it is one."""
    others = [(name, value) for name, value in headers if name != b"content-type"]
    return others if values is None else [*others, (b"content-type", JSON_TYPE)]


def _replayed(body: bytes, receive: Receive) -> Receive:
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


def _shape(path: str) -> str:
    """Return a path without what may be secret in it."""
    return "/".join(part if part.isascii() and part.isalpha() else "…" for part in path[:200].split("/"))
