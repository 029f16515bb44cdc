"""In front of every dialect: the key, then how often, then how much, then whether it can be read.

In this order, so that a stranger learns nothing but that a key is needed. What a route gets to see is a
body of JSON that nothing is doubtful about. Whatever goes wrong behind is answered here in one sentence.
"""

import logging
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.adapters.api.callers import Door
from bot.adapters.api.faults import ApiFault, bad_request, internal
from bot.adapters.api.wire import read_object

LARGEST_JSON = 1 << 20  # bytes
PUBLIC = ("/f/", "/uploads/", "/docs", "/openapi.json", "/health", "/ready", "/metrics")
UNREAD = ("/v1/images/edits", "/v1/images/variations")  # forms, refused by their routes unread
JSON_TYPE = b"application/json"

log = logging.getLogger(__name__)

Render = Callable[[ApiFault], Response]


class Gate:
    """ASGI around the routes. `render_for(path)` gives the dialect's way to say no."""

    def __init__(self, app: ASGIApp, door: Door, render_for: Callable[[str], Render]) -> None:
        self._app = app
        self._door = door
        self._render_for = render_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        began = _Began(send)
        try:
            await self._app(scope, await self._admitted(scope, receive), began.send)
        except ApiFault as fault:
            await self._refuse(scope, receive, began, fault)
        except Exception as error:
            log.exception("a request failed by a bug", extra={"path": _shape(scope["path"])})
            if began.yet:
                raise
            await self._refuse(scope, receive, began, internal())
            del error

    async def _refuse(self, scope: Scope, receive: Receive, began: "_Began", fault: ApiFault) -> None:
        response = self._render_for(scope["path"])(fault)
        if fault.status == 413:  # noqa: PLR2004 - the rest of the body is not read
            response.headers["connection"] = "close"
        await response(scope, receive, began.send)

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """Return what the routes receive from. Raises ApiFault."""
        scope.setdefault("state", {})
        path, headers = scope["path"], Headers(scope=scope)
        if path.startswith(PUBLIC) or scope["method"] == "OPTIONS":
            return receive
        client = scope.get("client")
        scope["state"]["caller"] = await self._door.caller(headers, client[0] if client else "")
        if scope["method"] in {"GET", "HEAD"} or path in UNREAD:
            return receive
        body = await _body(headers, receive)
        scope["state"]["values"] = values = _values(headers, body)
        scope["headers"] = _as_json(scope["headers"], values)
        return _replayed(body if values is not None else b"", receive)


class _Began:
    """Remembers whether an answer is under way."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.yet = False

    async def send(self, message: Message) -> None:
        self.yet = True
        await self._send(message)


async def _body(headers: Headers, receive: Receive) -> bytes:
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise bad_request("Send the body without Content-Encoding.")
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > LARGEST_JSON:
        raise _too_large()
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
