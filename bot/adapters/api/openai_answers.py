"""How an order in the dialect of OpenAI is answered: at its end, or by events on the way there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, assert_never

from fastapi import Request
from starlette.responses import Response

from bot.adapters.api.asking import Asking
from bot.adapters.api.core import Core
from bot.adapters.api.encoding import file_as_base64, preview_as_base64
from bot.adapters.api.faults import ApiFault, bad_request, headers_of, internal, not_found
from bot.adapters.api.orders import Order, Orders
from bot.adapters.api.streaming import Telling
from bot.adapters.api.surface import Jobs
from bot.adapters.api.trails import Trail
from bot.adapters.api.wire import AsciiJson, to_json
from bot.commands import Cancel, Draw
from bot.links import picture_url
from bot.texts import describe
from bot.updates import Broken, Cancelled, Delivered, Progress, Queued
from storage.records import Picture

LETTERS_PER_TOKEN, PIXELS_PER_TOKEN = 4, 16 * 16
TYPES = {401: "invalid_request_error", 402: "insufficient_quota", 403: "permission_error"}
CODES = {
    "unauthorized": "invalid_api_key",
    "payment_required": "insufficient_quota",
    "rate_limited": "rate_limit_exceeded",
}
View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Showing:
    """How the pictures are to be answered; `events` is what the names of a stream's events begin with."""

    asking: Asking
    format: str
    quality: int | None
    as_base64: bool
    partial_images: int
    stream: bool
    events: str

    @property
    def drawn_as(self) -> str:
        """The format to draw in: without loss where it is saved anew in the quality that was asked for."""
        return self.format if self.quality is None else "png"


class Answers:
    """Places orders and answers them. Its verbs raise ApiFault."""

    def __init__(self, core: Core, jobs: Jobs, orders: Orders) -> None:
        self._core = core
        self._jobs = jobs
        self._orders = orders
        self._cancelling: set[asyncio.Task[Any]] = set()

    async def answer(self, showing: Showing, order: Order[Draw], request: Request) -> Response:
        """Order, and return the pictures when they are there, or at once the events of their way."""
        asking = showing.asking
        job, trail = await self._orders.place(asking, order)
        if showing.stream:
            return Telling(self._told(showing, job), "text/event-stream")
        trail = await self._end(asking, job, trail, request)
        delivered = _delivered(trail)
        data = [await self._datum(showing, picture) for picture in delivered.pictures]
        return AsciiJson({"created": _created(delivered), "data": data} | _said(showing, delivered))

    async def _end(self, asking: Asking, job: str, trail: Trail, request: Request) -> Trail:
        """Wait for the job's end. A client that goes away meanwhile wants it no more: it will ask again."""
        gone = asyncio.create_task(_gone(request))
        waiting = asyncio.create_task(self._jobs.ended(asking.caller.by, job, float("inf")))
        try:
            await asyncio.wait({gone, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return await waiting
            self._cancel(asking, job, trail)
            raise bad_request("The client went away.")
        finally:
            gone.cancel()
            waiting.cancel()
            await asyncio.gather(gone, waiting, return_exceptions=True)

    def _cancel(self, asking: Asking, job: str, trail: Trail) -> None:
        if asking.idempotency_key is not None or trail.ended:
            return
        task = asyncio.create_task(self._cancelled(asking, job))
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _cancelled(self, asking: Asking, job: str) -> None:
        await self._core.answer(Cancel(asking.caller.by, job))

    async def _datum(self, showing: Showing, picture: Picture) -> View:
        if not showing.as_base64:
            return {"url": picture_url(picture, showing.asking.base)}
        return {"b64_json": await self._base64(showing, picture)}

    async def _base64(self, showing: Showing, picture: Picture) -> str:
        content = await self._core.read(picture.sha256)
        if content is None:
            raise not_found("The picture is gone.")
        return await file_as_base64(content, showing.format, showing.quality)

    async def _told(self, showing: Showing, job: str) -> AsyncGenerator[str, None]:
        """The way to the pictures as events; going away cancels."""
        asking, trail = showing.asking, self._jobs.trails.of(job)
        shown = 0
        try:
            async with aclosing(self._jobs.follow(asking.caller.by, job)) as followed:
                async for now, changed in followed:
                    if not changed:
                        yield ": waiting\n\n"
                    elif (preview := _preview(now, shown, showing.partial_images)) is not None:
                        yield await self._partial(showing, preview, shown, now)
                        shown += 1
            async for event in self._ending(showing, trail):
                yield event
        finally:
            self._cancel(asking, job, trail)

    async def _partial(self, showing: Showing, preview: bytes, index: int, trail: Trail) -> str:
        assert trail.update is not None
        recipe = trail.update.job.recipe
        return _event(
            f"{showing.events}.partial_image",
            {
                "b64_json": await preview_as_base64(preview, showing.format),
                "partial_image_index": index,
                "created_at": int(self._core.clock.wall()),
                **_look(showing, recipe.width, recipe.height),
            },
        )

    async def _ending(self, showing: Showing, trail: Trail) -> AsyncGenerator[str, None]:
        try:
            delivered = _delivered(trail)
        except ApiFault as fault:
            yield f"event: error\ndata: {to_json(_error(fault))}\n\n"
            return
        for picture in delivered.pictures:
            yield _event(
                f"{showing.events}.completed",
                {
                    "b64_json": await self._base64(showing, picture),
                    "created_at": _created(delivered),
                    **_look(showing, picture.width, picture.height),
                    "usage": _usage(delivered, 1),
                },
            )
        yield "data: [DONE]\n\n"


def openai_error(fault: ApiFault) -> Response:
    """Return a fault as OpenAI writes it down."""
    status = 400 if fault.status == 422 else fault.status  # noqa: PLR2004 - OpenAI's own for what is not valid
    headers = headers_of(fault)
    if status not in {429, 503}:  # the client tries others again by itself
        headers["x-should-retry"] = "false"
    return AsciiJson(_error(fault), status, headers)


def _error(fault: ApiFault) -> View:
    kind = TYPES.get(fault.status, "server_error" if fault.status >= 500 else "invalid_request_error")  # noqa: PLR2004
    if fault.status == 429:  # noqa: PLR2004 - too many requests
        kind = "requests"
    code = CODES.get(fault.code, None if fault.status in {400, 422} else fault.code)
    return {"error": {"message": fault.detail, "type": kind, "param": fault.param, "code": code}}


def _delivered(trail: Trail) -> Delivered:
    """Return the end with pictures. Raises ApiFault for any other."""
    match trail.update:
        case Delivered(pictures=pictures) as update if pictures:
            return update
        case Delivered():
            raise ApiFault(410, "gone", "The pictures of this request were deleted.")
        case Broken(fault=fault):
            raise ApiFault(500, "generation_failed", describe(fault, "en"))
        case Cancelled():
            raise ApiFault(409, "cancelled", "This request was cancelled. Nothing was charged for it.")
        case Queued() | Progress() | None:
            raise internal()
        case other:
            assert_never(other)


def _preview(trail: Trail, shown: int, most: int) -> bytes | None:
    """Return the next partial picture, where it is due: they are spread over the steps."""
    update = trail.update
    if shown >= most or not isinstance(update, Progress) or not update.previews:
        return None
    due = update.step * (most + 1) >= update.steps * (shown + 1)
    return update.previews[0][1] if due else None


def _said(showing: Showing, delivered: Delivered) -> View:
    first = delivered.pictures[0]
    look = _look(showing, first.width, first.height)
    return look | {"usage": _usage(delivered, len(delivered.pictures))}


def _look(showing: Showing, width: int, height: int) -> View:
    size = f"{width}x{height}"
    return {"size": size, "quality": "high", "background": "opaque", "output_format": showing.format}


def _usage(delivered: Delivered, pictures: int) -> View:
    recipe = delivered.job.recipe
    text = -(-len(recipe.prompt) // LETTERS_PER_TOKEN)
    image = pictures * (recipe.width * recipe.height // PIXELS_PER_TOKEN)
    details = {"text_tokens": text, "image_tokens": 0}
    return {
        "input_tokens": text,
        "output_tokens": image,
        "total_tokens": text + image,
        "input_tokens_details": details,
    }


def _created(delivered: Delivered) -> int:
    return int(delivered.job.ended_at or delivered.job.created_at)


def _event(kind: str, values: View) -> str:
    return f"event: {kind}\ndata: {to_json({'type': kind} | values)}\n\n"


async def _gone(request: Request) -> None:
    """Return when the client has closed its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
