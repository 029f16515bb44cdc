"""The dialect of zimageturbo.ai under /api: generate, then ask for the status."""

from functools import partial
from typing import Annotated, Any, Literal, assert_never

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bot.adapters.api.address import Address
from bot.adapters.api.asking import Asked
from bot.adapters.api.core import Core
from bot.adapters.api.faults import ApiFault, headers_of, not_valid
from bot.adapters.api.orders import Order, Orders
from bot.adapters.api.schemas import GenerateAnswer, StatusAnswer
from bot.adapters.api.surface import Jobs
from bot.adapters.api.times import plain_moment
from bot.adapters.api.wire import AsciiJson
from bot.adapters.api.wishes import Sizes, Values, wish_of
from bot.commands import Draw
from bot.links import picture_url
from bot.texts import describe
from bot.updates import Broken, Cancelled, Delivered, Progress, Queued, Update
from generator.recipe import SEED_LIMIT
from storage.keys import PLATFORM, Scope
from storage.records import Post

DIALECT = "zimageturbo"
LONGEST_PROMPT = 1000
SIZES = {
    "1:1": (1024, 1024),
    "4:3": (1152, 864),
    "3:4": (864, 1152),
    "16:9": (1280, 720),
    "9:16": (720, 1280),
}
View = dict[str, Any]


class GenerateBody(BaseModel):
    """An order: every ratio costs the same."""

    model_config = ConfigDict(strict=True, extra="ignore")

    prompt: str = Field(max_length=LONGEST_PROMPT, examples=["a red circle on a blue background"])
    aspect_ratio: Literal["1:1", "4:3", "3:4", "16:9", "9:16"] = Field(examples=["1:1"])
    seed: int | str | None = Field(None, examples=[7])


class Generations:
    """The routes."""

    def __init__(self, core: Core, jobs: Jobs, orders: Orders) -> None:
        self._core = core
        self._jobs = jobs
        self._orders = orders

    async def generate(self, asking: Asked, body: GenerateBody) -> Response:
        """Order a picture. The answer comes at once."""
        width, height = SIZES[body.aspect_ratio]
        values = Values(prompt=body.prompt, seed=_seed(body.seed))
        wish = wish_of(self._core.model, values, Sizes(width, height))
        command = partial(Draw, wish=wish, per_picture=True)
        order = Order(dialect=DIALECT, command=command, input=asking.values)
        job, _ = await self._orders.place(asking, order)
        return _answer({"task_id": job, "status": "IN_PROGRESS"})

    async def status(
        self, asking: Asked, task_id: Annotated[str, Query(min_length=1, max_length=100)]
    ) -> Response:
        """How an order stands."""
        asking.caller.must_have(Scope.READ)
        trail = await self._jobs.standing(asking.caller.by, task_id)
        assert trail.update is not None
        return _answer(status_view(trail.update, await self._core.post(task_id), asking.base))


def zimageturbo_router(core: Core, jobs: Jobs, orders: Orders) -> APIRouter:
    """Return the routes under /api."""
    handlers = Generations(core, jobs, orders)
    router = APIRouter(prefix="/api", tags=["zimageturbo.ai"])
    router.add_api_route("/generate", handlers.generate, methods=["POST"], response_model=GenerateAnswer)
    router.add_api_route("/status", handlers.status, response_model=StatusAnswer)
    return router


def zimageturbo_error(fault: ApiFault) -> Response:
    """Return a fault in the dialect's envelope."""
    body = {"code": fault.status, "message": fault.detail, "data": None}
    return AsciiJson(body, fault.status, headers_of(fault))


def status_view(update: Update, post: Post | None, base: str) -> View:
    """Return how an order stands."""
    job = update.job
    sent = Address.read(post.address) if post is not None and post.platform == PLATFORM else None
    ours = sent is not None and sent.dialect == DIALECT
    pictures = update.pictures if isinstance(update, Delivered) else ()
    return {
        "status": _state(update),
        "task_id": job.id,
        "request": {
            "prompt": sent.input["prompt"] if sent is not None and ours else job.recipe.prompt,
            "size": f"{job.recipe.width}*{job.recipe.height}",
            "seed": _seed_text(sent.input.get("seed")) if sent is not None and ours else str(job.recipe.seed),
        },
        "response": [picture_url(each, base) for each in pictures],
        "consumed_credits": job.price if isinstance(update, Delivered) else 0,
        "created_at": plain_moment(job.created_at),
        "error_message": _why(update),
    }


def _answer(content: View) -> Response:
    return AsciiJson({"code": 200, "message": "success", "data": content})


def _seed(seed: int | str | None) -> int | None:
    text = "-1" if seed is None or seed == "" else str(seed).strip()
    if text == "-1":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < SEED_LIMIT):  # noqa: PLR2004
        raise not_valid("seed: a whole number, or -1 for chance.", "seed")
    return int(text)


def _seed_text(seed: object) -> str:
    return "-1" if seed is None or seed == "" else str(seed).strip()


def _state(update: Update) -> str:
    match update:
        case Queued() | Progress():
            return "IN_PROGRESS"
        case Delivered():
            return "SUCCESS"
        case Broken() | Cancelled():
            return "FAILED"
        case _:
            assert_never(update)


def _why(update: Update) -> str | None:
    return describe(update, "en") if isinstance(update, Broken | Cancelled) else None
