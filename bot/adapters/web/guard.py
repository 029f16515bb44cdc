"""Who may talk to the web chat: Host and Origin of every request, and headers on every response.

A page elsewhere must not reach a chat on loopback through the person's browser. Such a page can point
its own name at 127.0.0.1 (DNS rebinding), which the Host header shows, or send requests from its own
origin, which Origin and Sec-Fetch-Site show.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

SAFE_METHODS = frozenset({"GET", "HEAD"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
OWN_SITE = frozenset({"same-origin", "none"})
FORBIDDEN_CLOSE = 4403

CONTENT_RULES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)

HEADERS = {
    "content-security-policy": "; ".join(CONTENT_RULES),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def is_own_host(header: str, listening: str, names: Collection[str]) -> bool:
    """Say whether a Host header names this server.

    Loopback names always do, and the address listened on. Where every address is listened on, a bare
    address does too: rebinding needs a name. `names` are further ones the owner has set.
    """
    host = _hostname(header)
    if host is None:
        return False
    own = LOOPBACK_NAMES | {listening.lower()} - ANY_ADDRESS | {name.lower() for name in names}
    return host in own or (listening in ANY_ADDRESS and _is_address(host))


def is_own_origin(origin: str, host: str) -> bool:
    """Say whether an Origin header is the very site that the Host header names, port included."""
    parts = urlsplit(origin)
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def refusal(scope: Scope, listening: str, names: Collection[str]) -> str | None:
    """Return the sentence of a request that must not be served, or None.

    >>> refusal({"type": "http", "method": "GET", "headers": [(b"host", b"evil.example")]}, "127.0.0.1", ())
    'This address is not served here.'
    """
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not is_own_host(hosts[0], listening, names):
        return "This address is not served here."
    if _changes_something(scope) and not is_own_origin(headers.get("origin", ""), hosts[0]):
        return "Requests from other sites are not served."
    if _comes_from_elsewhere(headers) and not _is_page_visit(scope, headers):
        return "Requests from other sites are not served."
    return None


class Guard:
    """Refuses what `refusal` names, before anything else runs, and puts HEADERS on every response."""

    def __init__(self, app: ASGIApp, listening: str, names: Collection[str] = ()) -> None:
        self._app = app
        self._listening = listening
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        sentence = refusal(scope, self._listening, self._names)
        if sentence is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(FORBIDDEN_CLOSE)(scope, receive, send)
        else:
            await PlainTextResponse(sentence, 403)(scope, receive, _with_headers(send))


def _hostname(header: str) -> str | None:
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # raises on a port that is none
    except ValueError:
        return None
    if parts.netloc != header or "@" in header:
        return None
    return parts.hostname


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _changes_something(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS


def _comes_from_elsewhere(headers: Headers) -> bool:
    return headers.get("sec-fetch-site", "none") not in OWN_SITE


def _is_page_visit(scope: Scope, headers: Headers) -> bool:
    """Following a link from elsewhere to the chat is harmless: it opens in its own page."""
    return (
        scope["type"] == "http" and headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
    )


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
