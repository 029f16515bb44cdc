"""Sends each request to the API or to the chat page, and loads the API at the first that is for it."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

ROOTS = frozenset(
    {"v1", "api", "apps", "run", "tasks", "files", "f", "uploads", "docs", "openapi.json"}
    | {"health", "ready", "metrics"}
)


class Entrance:
    """One ASGI app of two. `load` imports and builds the API, in a thread, as that takes most of a second."""

    def __init__(self, page: ASGIApp, load: Callable[[], ASGIApp]) -> None:
        self._page = page
        self._load = load
        self._api: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] == "http" and root_of(scope["path"]) in ROOTS:
            api = await self._loaded()
            await api(scope, receive, send)
        else:
            await self._page(scope, receive, send)

    async def _loaded(self) -> ASGIApp:
        if self._api is None:
            self._api = asyncio.create_task(asyncio.to_thread(self._load))
        return await asyncio.shield(self._api)


def root_of(path: str) -> str:
    """Return the first part of a path."""
    return path[1:].partition("/")[0]
