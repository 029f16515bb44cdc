"""Orders from an earlier job, under its address: again, varied, zoomed out, wider or taller, larger."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bot.adapters.api.asking import Asked, Asking
from bot.adapters.api.core import Core
from bot.adapters.api.native_bodies import JobView, QuoteView
from bot.adapters.api.orders import Order
from bot.adapters.api.placing import Placing, quote_view, quoted
from bot.adapters.api.views import NATIVE
from bot.adapters.api.wire import AsciiJson
from bot.commands import Again, Enlarge, Extend, Person, PriceAgain, Reroll, Vary
from bot.updates import Quoted
from storage.keys import PLATFORM, Scope
from storage.records import NewPost

SIDE = Field(0.0, ge=0, le=2, description="By what part of the picture's own side it grows here.")


class AgainBody(BaseModel):
    """An order from an earlier job. Everything has a default; unknown names are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    webhook: str | None = Field(None, max_length=2000)
    dry_run: bool = Field(False, description="Price the order and draw nothing.")


class PictureBody(AgainBody):
    """An order from one of an earlier job's pictures."""

    index: int = Field(0, ge=0, lt=100, description="Which of the job's pictures, from 0 on.", examples=[0])


class VaryBody(PictureBody):
    """A sibling of a picture."""

    strong: bool = Field(False, description="Farther from the picture.", examples=[True])


class RepaintedBody(PictureBody):
    """What is painted around a picture."""

    prompt: str = Field("", description="What is painted, where that is not the job's own prompt.")


class ZoomBody(RepaintedBody):
    """The same view from farther away, at the same size."""

    times: float = Field(2.0, ge=1.1, le=5, description="How much smaller the picture becomes.", examples=[2])


class ExtendBody(RepaintedBody):
    """A picture on a larger canvas. At least one side has to grow, by 0.05 or more."""

    left: float = SIDE
    right: float = SIDE
    up: float = SIDE
    down: float = SIDE


def left_out(body: type[AgainBody]) -> Any:
    """Return a body that may be left out, as everything in it has a default."""
    return Body(default_factory=body)


class Onward:
    """The routes."""

    def __init__(self, core: Core, placing: Placing) -> None:
        self._core = core
        self._placing = placing

    async def reroll(
        self, asking: Asked, job: str, body: Annotated[AgainBody, left_out(AgainBody)]
    ) -> Response:
        """Order a job again, with other seeds."""
        return await self._answer(asking, job, body, Reroll)

    async def vary(self, asking: Asked, job: str, body: Annotated[VaryBody, left_out(VaryBody)]) -> Response:
        """Order a sibling of a picture: a little different, or more so."""
        return await self._answer(asking, job, body, partial(Vary, index=body.index, strong=body.strong))

    async def zoom(self, asking: Asked, job: str, body: Annotated[ZoomBody, left_out(ZoomBody)]) -> Response:
        """Zoom out: the picture becomes smaller, and what is around it is painted."""

        def zoomed(**order: Any) -> Extend:
            return Extend(index=body.index, prompt=body.prompt, **order).zoomed_out(body.times)

        return await self._answer(asking, job, body, zoomed)

    async def extend(self, asking: Asked, job: str, body: ExtendBody) -> Response:
        """Make a picture wider or taller: what is new is painted, the rest stays."""
        wanted = body.model_dump(include={"index", "prompt", "left", "right", "up", "down"})
        return await self._answer(asking, job, body, partial(Extend, **wanted))

    async def enlarge(
        self, asking: Asked, job: str, body: Annotated[PictureBody, left_out(PictureBody)]
    ) -> Response:
        """Make a picture twice as wide and twice as high, as far as a picture can be large."""
        return await self._answer(asking, job, body, partial(Enlarge, index=body.index))

    async def _answer(
        self, asking: Asking, job: str, body: AgainBody, command: Callable[..., Again]
    ) -> Response:
        order = partial(command, job=job, private=True)
        if body.dry_run:
            asking.caller.must_have(Scope.READ)
            return AsciiJson(quote_view(await self._quoted(asking.caller.by, order)))
        told = asking.values | {"job": job}
        return await self._placing.one(
            asking, Order(dialect=NATIVE, command=order, input=told, webhook=body.webhook)
        )

    async def _quoted(self, by: Person, order: Callable[..., Again]) -> Quoted:
        nowhere = NewPost(platform=PLATFORM, address="{}", language=by.language)
        return await quoted(self._core, PriceAgain(by, order(by=by, key="", post=nowhere)))


def add_onward_routes(router: APIRouter, core: Core, placing: Placing) -> None:
    """Add the routes to those of /v1/jobs."""
    handlers = Onward(core, placing)
    answers: dict[int | str, dict[str, Any]] = {
        200: {"model": QuoteView, "description": "The price, for a dry run"},
        201: {"model": JobView, "description": "A job of its own, ended"},
        202: {"model": JobView, "description": "A job of its own, accepted and not yet ended"},
    }
    for route in (handlers.reroll, handlers.vary, handlers.zoom, handlers.extend, handlers.enlarge):
        path = f"/{{job}}/{route.__name__}"
        router.add_api_route(path, route, methods=["POST"], status_code=201, responses=answers)
