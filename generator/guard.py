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


def guarded(app: ASGIApp, digest: str | None) -> ASGIApp:
    """Return the app behind a guard, or as it is where there is no secret."""
    return app if digest is None else Guard(app, digest)
