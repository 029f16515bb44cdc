"""Lets nobody in who does not know the secret. Only its digest is kept, so that no copy of it leaks."""

import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SCHEME = "bearer"


def digest_of(secret: str) -> str:
    """Return what `Guard` keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Guard:
    """Stands before an app and answers 401 itself where the secret is missing or wrong."""

    def __init__(self, app: ASGIApp, digest: str) -> None:
        self._app = app
        self._digest = digest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes with the secret."""
        if scope["type"] == "lifespan" or self._knows(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"error": "The secret is missing or wrong."}, 401)(scope, receive, send)

    def _knows(self, headers: Headers) -> bool:
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        return hmac.compare_digest(digest_of(secret), self._digest) and scheme.lower() == SCHEME


class NoPages:
    """Answers no browser: a page elsewhere could otherwise have this machine draw through its visitor's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what no page sent: on whatever changes something, browsers say which one did."""
        if scope["type"] != "lifespan" and "origin" in Headers(scope=scope):
            await JSONResponse({"error": "Pages are not served here."}, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def guarded(app: ASGIApp, digest: str | None) -> ASGIApp:
    """Return the app as it may be served: to no page, and to those alone who know the secret, if any."""
    return NoPages(app if digest is None else Guard(app, digest))
