"""The dialect of OpenAI Images under /v1, as its clients and the front ends for it speak it."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.adapters.api.asking import Asked, Asking
from bot.adapters.api.beginning import Beginnings, Wanted
from bot.adapters.api.core import Core
from bot.adapters.api.faults import ApiFault
from bot.adapters.api.forms import Form, read_form
from bot.adapters.api.loras import Wardrobe
from bot.adapters.api.openai_answers import Answers
from bot.adapters.api.openai_orders import (
    MODEL,
    EditForm,
    GenerationBody,
    ImagesBody,
    VariationForm,
    described,
    images_of,
    mask_of,
    no_such_model,
    read_as,
)
from bot.adapters.api.orders import Order, Orders
from bot.adapters.api.schemas import ImagesAnswer, ModelsAnswer, ModelView
from bot.adapters.api.surface import Jobs
from bot.adapters.api.wire import AsciiJson
from bot.adapters.api.wishes import Sizes, Values, wish_of
from bot.commands import Draw, FindPicture, From
from bot.updates import FoundRecipe, Info, Refused
from storage.keys import Scope

DIALECT = "openai"
MODEL_SINCE = 1764028800  # 2025-11-25
GENERATION, EDIT, VARIATION = "image_generation", "image_edit", "image_variation"
View = dict[str, Any]


class Images:
    """The routes."""

    def __init__(self, core: Core, jobs: Jobs, orders: Orders) -> None:
        self._core = core
        self._answers = Answers(core, jobs, orders)
        self._wardrobe = Wardrobe(core)
        self._beginnings = Beginnings(core)

    async def models(self, asking: Asked) -> Response:  # noqa: ARG002 - a key is needed
        """The models: one."""
        return AsciiJson({"object": "list", "data": [_model(MODEL)]})

    async def model(self, asking: Asked, id: str) -> Response:  # noqa: ARG002 - a key is needed
        """One model."""
        if id not in {MODEL, self._core.model.name}:
            raise no_such_model(id)
        return AsciiJson(_model(id))

    async def generations(self, asking: Asked, body: GenerationBody, request: Request) -> Response:
        """Paint, and answer when the pictures are there, or tell everything with `stream`."""
        body.check_model(self._core.model)
        return await self._painted(asking, body, GENERATION, body.prompt, body.sizes, None, request)

    async def edits(self, asking: Asked, request: Request) -> Response:
        """Paint from a picture, or between two; with a mask only a part of it."""
        asking, form = await _formed(asking, request)
        body = read_as(EditForm, form)
        body.check_model(self._core.model)
        (image, other), mask = images_of(form), mask_of(form)
        strength = body.wanted_strength(masked=mask is not None)
        wanted = Wanted(image=image, mask=mask, strength=strength, other=other, share=body.share)
        start, sizes = await self._beginnings.kept(asking, wanted, body.sizes)
        return await self._painted(asking, body, EDIT, body.prompt, sizes, start, request)

    async def variations(self, asking: Asked, request: Request) -> Response:
        """Paint a picture again, a little differently."""
        asking, form = await _formed(asking, request)
        body = read_as(VariationForm, form)
        body.check_model(self._core.model)
        image, _ = images_of(form)
        prompt = body.prompt or await self._words_for(asking, image)
        wanted = Wanted(image=image, mask=None, strength=body.strength, other=None, share=None)
        start, sizes = await self._beginnings.kept(asking, wanted, body.sizes)
        return await self._painted(asking, body, VARIATION, prompt, sizes, start, request)

    async def _painted(  # noqa: PLR0913, PLR0917 - what the three differ in
        self,
        asking: Asking,
        body: ImagesBody,
        events: str,
        prompt: str,
        sizes: Sizes,
        start: From | None,
        request: Request,
    ) -> Response:
        showing = body.showing(asking, events)
        loras = await self._wardrobe.loras(asking, body.loras)
        values = Values(prompt=prompt, seed=body.seed, format=showing.drawn_as, loras=loras)
        wish = wish_of(self._core.model, values, sizes, body.n or 1)
        order = Order(dialect=DIALECT, command=partial(Draw, wish=wish, start=start), input=asking.values)
        return await self._answers.answer(showing, order, request)

    async def _words_for(self, asking: Asking, image: bytes) -> str:
        """Return what a picture was painted from. Raises ApiFault where that is not known."""
        answer = await self._core.answer(FindPicture(by=asking.caller.by, file=image))
        match answer:
            case Info(job=job):
                return job.recipe.prompt
            case FoundRecipe(recipe=recipe):
                return recipe.prompt
            case Refused():
                sentence = "What this picture was made from is not known here: say it as `prompt`."
                raise ApiFault(400, "prompt_needed", sentence, "prompt")
            case _:
                raise TypeError(type(answer).__name__)


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
    for path, handler, extra in (
        ("/images/generations", handlers.generations, None),
        ("/images/edits", handlers.edits, described(EditForm)),
        ("/images/variations", handlers.variations, described(VariationForm)),
    ):
        add(path, handler, methods=["POST"], response_model=ImagesAnswer, responses=told, openapi_extra=extra)
    return router


async def _formed(asking: Asking, request: Request) -> tuple[Asking, Form]:
    """Return the form of a request, and the request as it is known by it. Raises ApiFault."""
    asking.caller.must_have(Scope.DRAW)
    form = await read_form(request)
    return replace(asking, values=await asyncio.to_thread(form.known_by)), form


def _model(name: str) -> View:
    return {"id": name, "object": "model", "created": MODEL_SINCE, "owned_by": "pinxit"}
