"""The dialect of OpenAI Images under /v1, as its clients and the front ends for it speak it."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bot.adapters.api.asking import Asked, Asking
from bot.adapters.api.core import Core
from bot.adapters.api.encoding import file_as_base64, preview_as_base64
from bot.adapters.api.faults import ApiFault, bad_request, headers_of, internal, not_found, not_valid
from bot.adapters.api.loras import MOST_LISTED, NamedLora, Wardrobe
from bot.adapters.api.orders import Order, Orders
from bot.adapters.api.schemas import ImagesAnswer, ModelsAnswer, ModelView
from bot.adapters.api.streaming import Telling
from bot.adapters.api.surface import Jobs
from bot.adapters.api.trails import Trail
from bot.adapters.api.wire import AsciiJson, to_json
from bot.adapters.api.wishes import Sizes, Values, wish_of
from bot.commands import Cancel
from bot.links import picture_url
from bot.texts import describe
from bot.updates import Broken, Cancelled, Delivered, Progress, Queued
from storage.keys import Scope
from storage.records import Picture

DIALECT = "openai"
MODEL = "z-image-turbo"
MODEL_SINCE = 1764028800  # 2025-11-25
ELSEWHERE = re.compile(r"(dall-e|gpt-image|chatgpt-image)[\w.-]{0,60}")  # names that tools hard-code
AS_BASE64 = re.compile(r"(gpt-image|chatgpt-image)")  # whose answers hold the picture itself
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
USUAL_SIDE = 1024
LARGEST_FORM = 64 << 20  # bytes that are read before a form is refused
LETTERS_PER_TOKEN, PIXELS_PER_TOKEN = 4, 16 * 16
TYPES = {401: "invalid_request_error", 402: "insufficient_quota", 403: "permission_error"}
CODES = {
    "unauthorized": "invalid_api_key",
    "payment_required": "insufficient_quota",
    "rate_limited": "rate_limit_exceeded",
}
View = dict[str, Any]


class GenerationBody(BaseModel):
    """An order. Other keys (quality, style, background, moderation, user) are taken and mean nothing."""

    model_config = ConfigDict(strict=True, extra="ignore")

    prompt: str = Field(max_length=32_000, examples=["a red circle on a blue background"])
    model: str | None = Field(None, max_length=200, examples=[MODEL])
    n: int | None = Field(None, ge=1, le=10)
    size: str | None = Field(None, max_length=20, examples=["1024x1024"])
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: int | None = Field(None, ge=0, le=100)
    stream: bool | None = None
    partial_images: int | None = Field(None, ge=0, le=3)
    seed: int | None = Field(None, ge=-1, lt=2**63)
    loras: list[NamedLora] | None = Field(None, max_length=MOST_LISTED)


@dataclass(frozen=True, slots=True)
class Showing:
    """How the pictures are to be answered."""

    asking: Asking
    format: str
    quality: int | None
    as_base64: bool
    partial_images: int


class Images:
    """The routes."""

    def __init__(self, core: Core, jobs: Jobs, orders: Orders) -> None:
        self._core = core
        self._jobs = jobs
        self._orders = orders
        self._wardrobe = Wardrobe(core)
        self._cancelling: set[asyncio.Task[Any]] = set()

    async def models(self, asking: Asked) -> Response:  # noqa: ARG002 - a key is needed
        """The models: one."""
        return AsciiJson({"object": "list", "data": [_model(MODEL)]})

    async def model(self, asking: Asked, id: str) -> Response:  # noqa: ARG002 - a key is needed
        """One model."""
        if id not in {MODEL, self._core.model.name}:
            raise _no_such_model(id)
        return AsciiJson(_model(id))

    async def generations(self, asking: Asked, body: GenerationBody, request: Request) -> Response:
        """Paint, and answer when the pictures are there, or tell everything with `stream`."""
        self._check_model(body.model)
        showing = _showing(asking, body)
        width, height = _size(body.size)
        drawn_as = "png" if showing.quality is not None else showing.format
        loras = await self._wardrobe.loras(asking, body.loras)
        values = Values(prompt=body.prompt, seed=body.seed, format=drawn_as, loras=loras)
        wish = wish_of(self._core.model, values, Sizes(width, height), body.n or 1)
        job, trail = await self._orders.place(asking, Order(dialect=DIALECT, wish=wish, input=asking.values))
        if body.stream:
            return Telling(self._told(showing, job), "text/event-stream")
        trail = await self._end(asking, job, trail, request)
        delivered = _delivered(trail)
        data = [await self._datum(showing, picture) for picture in delivered.pictures]
        return AsciiJson({"created": _created(delivered), "data": data} | _said(showing, delivered))

    def _check_model(self, name: str | None) -> None:
        known = name is None or name in {"", MODEL, self._core.model.name} or ELSEWHERE.fullmatch(name)
        if not known:
            raise _no_such_model(str(name))

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
            "image_generation.partial_image",
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
                "image_generation.completed",
                {
                    "b64_json": await self._base64(showing, picture),
                    "created_at": _created(delivered),
                    **_look(showing, picture.width, picture.height),
                    "usage": _usage(delivered, 1),
                },
            )
        yield "data: [DONE]\n\n"

    async def not_yet(self, asking: Asked, request: Request) -> Response:
        """Say that this painter cannot do it."""
        asking.caller.must_have(Scope.DRAW)
        size = 0
        async for chunk in request.stream():  # a client that still sends would not hear the answer
            if (size := size + len(chunk)) > LARGEST_FORM:
                raise ApiFault(413, "too_large", "The form is too large.")
        sentence = "This model paints from text alone: it cannot edit or vary a picture that is sent to it."
        raise ApiFault(400, "unsupported", sentence, "image")


def openai_router(core: Core, jobs: Jobs, orders: Orders) -> APIRouter:
    """Return the routes under /v1."""
    handlers = Images(core, jobs, orders)
    router = APIRouter(prefix="/v1", tags=["OpenAI Images"])
    add = router.add_api_route
    add("/models", handlers.models, response_model=ModelsAnswer)
    add("/models/{id:path}", handlers.model, response_model=ModelView)
    told: dict[int | str, dict[str, Any]] = {
        200: {"content": {"text/event-stream": {}}, "description": "The pictures, or events of their way"}
    }
    path = "/images/generations"
    add(path, handlers.generations, methods=["POST"], response_model=ImagesAnswer, responses=told)
    for path in ("/images/edits", "/images/variations"):
        add(path, handlers.not_yet, methods=["POST"], status_code=400)
    return router


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


def _model(name: str) -> View:
    return {"id": name, "object": "model", "created": MODEL_SINCE, "owned_by": "pinxit"}


def _no_such_model(name: str) -> ApiFault:
    return ApiFault(404, "model_not_found", f"There is no model {name[:100]!r} here; {MODEL} is.", "model")


def _showing(asking: Asking, body: GenerationBody) -> Showing:
    form = body.output_format or "png"
    wished = body.response_format or ("b64_json" if AS_BASE64.match(body.model or MODEL) else "url")
    as_base64 = wished == "b64_json" or bool(body.stream)
    quality = body.output_compression if as_base64 and form != "png" else None
    return Showing(asking, form, quality, as_base64, body.partial_images or 0)


def _size(text: str | None) -> tuple[int, int]:
    if text is None or text == "auto":
        return USUAL_SIDE, USUAL_SIDE
    found = SIZE.fullmatch(text)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (64 <= width <= 2048 and 64 <= height <= 2048):  # noqa: PLR2004 - the sentence says them
        raise not_valid("size: say auto, or WxH with sides from 64 to 2048, such as 1024x1024.", "size")
    return width, height


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
