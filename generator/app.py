"""The generator over HTTP: POST /generate answers with a stream of frames, GET /health with JSON.

Closing the stream stops the work between two steps. The same app runs on a Unix socket and elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from generator.easel import Commission, Easel
from generator.frames import MAX_REQUEST, BadFrame, decode_generate, encode_event, encode_health
from generator.messages import End, Event, Generate, Loading, Ready, Unusable

FRAMES = "application/x-pinxit-frames"
LARGE = 256 * 1024  # from here on, reading a request takes long enough to leave the loop


def build_app(easel: Easel) -> Starlette:
    """Return the app around a started easel."""
    paths = Paths(easel)
    return Starlette(
        routes=[
            Route("/generate", paths.generate, methods=["POST"]),
            Route("/health", paths.health, methods=["GET"]),
        ]
    )


class Paths:
    """What each path answers."""

    def __init__(self, easel: Easel) -> None:
        self._easel = easel

    async def health(self, _request: Request) -> Response:
        """Answer how the model is."""
        return Response(encode_health(self._easel.health), media_type="application/json")

    async def generate(self, request: Request) -> Response:
        """Draw and answer with frames: 400 for what is no request, 503 when it must come back later."""
        try:
            wish = await _read(request)
        except BadFrame as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        health = self._easel.health
        if not isinstance(health, Ready):
            return JSONResponse({"error": _not_ready(health)}, status_code=503)
        return self._drawn(wish)

    def _drawn(self, wish: Generate) -> Response:
        mailbox = Mailbox()
        commission = Commission(wish, mailbox.put)
        if not self._easel.takes(commission):
            return JSONResponse({"error": "One picture is drawn and one waits."}, status_code=503)
        return FrameStream(commission, mailbox)


class Mailbox:
    """Carries events from the drawing threads to the loop it was made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    def put(self, event: Event) -> None:
        """Put from any thread. After the loop's end nobody reads, so the event is dropped."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield each event as a frame, `End` last."""
        event: Event | None = None
        while not isinstance(event, End):
            event = await self._events.get()
            yield encode_event(event)


class FrameStream(StreamingResponse):
    """The answer to a commission, which it stops however it ends itself: read, closed or cut."""

    def __init__(self, commission: Commission, mailbox: Mailbox) -> None:
        super().__init__(mailbox.frames(), media_type=FRAMES)
        self._commission = commission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end or until the other side is gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._commission.stop()


async def _read(request: Request) -> Generate:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_REQUEST:
            raise BadFrame(f"A request has at most {MAX_REQUEST} bytes.")
    if len(content) < LARGE:
        return decode_generate(bytes(content))
    return await run_in_threadpool(decode_generate, bytes(content))


def _not_ready(health: Loading | Unusable) -> str:
    return "The model is being loaded." if isinstance(health, Loading) else health.reason
