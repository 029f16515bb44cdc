"""An answer that is told bit by bit for as long as its reader listens. Thousands may be open at once."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Telling(Response):
    """Sends texts as they come; a reader who has gone is noticed at the next one, and `texts` is closed.

    Starlette's own needs a group of three tasks for each.
    """

    def __init__(
        self, texts: AsyncGenerator[str, None], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({"content-type": media_type, "x-accel-buffering": "no"} | dict(headers or {}))
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's own
        """Tell."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.ensure_future(_gone(receive))
        try:
            async for text in self._texts:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            await self._texts.aclose()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
