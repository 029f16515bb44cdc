"""Pinxit's own dialect: jobs under /v1/jobs, for pages and scripts."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from bot.adapters.api.asking import Asked, Asking
from bot.adapters.api.beginning import Beginnings, Wanted, without_files
from bot.adapters.api.core import Core
from bot.adapters.api.faults import fault_of, not_found
from bot.adapters.api.loras import Wardrobe
from bot.adapters.api.native_bodies import (
    JobsView,
    JobView,
    KeyView,
    NewJobBody,
    QuoteView,
    SeveralQuoteView,
    SeveralView,
    ToldView,
)
from bot.adapters.api.onward import add_onward_routes
from bot.adapters.api.orders import Order, Orders
from bot.adapters.api.placing import Placing, quote_view, quoted, quotes_view, waited
from bot.adapters.api.streaming import Telling
from bot.adapters.api.surface import Jobs
from bot.adapters.api.times import moment
from bot.adapters.api.views import NATIVE, job_view
from bot.adapters.api.wire import AsciiJson, to_json
from bot.adapters.api.wishes import Sizes, Values, wish_of
from bot.commands import Delete, Draw, From, Quote, ShowBalance, ShowHistory
from bot.keys import prefix
from bot.options import Wish
from bot.refusals import TooManyAlternatives
from bot.updates import (
    History,
    Refused,
    Update,
    Wallet,
)
from bot.wildcards import alternatives, literal
from storage.keys import Key, Scope
from storage.records import Balance

SILENCE_SECONDS = 15.0  # then a comment keeps the stream alive
View = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]


class NativeJobs:
    """The routes."""

    def __init__(self, core: Core, jobs: Jobs, orders: Orders) -> None:
        self._core = core
        self._jobs = jobs
        self._orders = orders
        self._placing = Placing(jobs, orders)
        self._wardrobe = Wardrobe(core)
        self._beginnings = Beginnings(core)

    async def create(self, asking: Asked, body: NewJobBody) -> Response:
        """Order pictures. With `Prefer: wait=N` the answer waits for their end, N seconds at most."""
        texts, values = _texts(body), await self._values(asking, body)
        sizes = Sizes(body.width, body.height, body.aspect_ratio)
        wanted = Wanted(
            image=body.image, mask=body.mask, strength=body.strength, other=body.other, share=body.share
        )
        if body.dry_run:
            start = self._beginnings.quoted(wanted)
        else:
            start, sizes = await self._beginnings.kept(asking, wanted, sizes)
        each = [replace(values, prompt=text) for text in texts]
        wishes = [wish_of(self._core.model, values, sizes, body.count) for values in each]
        if body.dry_run:
            return await self._quoted(asking, wishes, start, several=body.wildcards)
        orders = [_order(asking, body, wish, start) for wish in wishes]
        return await (
            self._several(asking, orders) if body.wildcards else self._placing.one(asking, orders[0])
        )

    async def _values(self, asking: Asking, body: NewJobBody) -> Values:
        return Values(
            prompt=body.prompt,
            negative_prompt=body.negative_prompt,
            steps=body.steps,
            shift=body.shift,
            guidance=body.guidance,
            seed=body.seed,
            format=body.format,
            loras=await self._wardrobe.loras(asking, body.loras),
        )

    async def _several(self, asking: Asking, orders: list[Order[Draw]]) -> Response:
        placed = await self._orders.place_all(asking, orders)
        trails = [trail for _, trail in placed]
        if asking.wait_seconds is not None:
            until = self._core.clock.now() + asking.wait_seconds
            trails = [
                await self._jobs.ended(asking.caller.by, job, max(0.0, until - self._core.clock.now()))
                for job, _ in placed
            ]
        views = [job_view(trail, asking.base) for trail in trails]
        view = {"price": sum(each["price"] for each in views), "data": views}
        return AsciiJson(view, 201 if all(trail.ended for trail in trails) else 202, waited(asking))

    async def _quoted(
        self, asking: Asking, wishes: list[Wish], start: From | None, *, several: bool
    ) -> Response:
        asked = [Quote(by=asking.caller.by, wish=wish, start=start) for wish in wishes]
        quotes = [await quoted(self._core, each) for each in asked]
        return AsciiJson(quotes_view(quotes) if several else quote_view(quotes[0]))

    async def get(self, asking: Asked, job: str) -> Response:
        """How a job stands."""
        asking.caller.must_have(Scope.READ)
        if asking.wait_seconds is not None:
            trail = await self._jobs.ended(asking.caller.by, job, asking.wait_seconds)
        else:
            trail = await self._jobs.standing(asking.caller.by, job)
        return AsciiJson(job_view(trail, asking.base))

    async def list(
        self,
        asking: Asked,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        before: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    ) -> Response:
        """The account's jobs, newest first; `before` is a time in seconds since 1970."""
        asking.caller.must_have(Scope.READ)
        answer = await self._core.answer(ShowHistory(asking.caller.by, before, limit))
        match answer:
            case History(items=items, more=more):
                views = [self._listed(update, asking.base) for update in items]
                return AsciiJson({"data": views, "more": more})
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)

    def _listed(self, update: Update, base: str) -> View:
        trail = self._jobs.trails.of(update.job.id)
        trail.tell(update)
        return job_view(trail, base)

    async def cancel(self, asking: Asked, job: str) -> Response:
        """Stop a job; its credits come back."""
        asking.caller.must_have(Scope.DRAW)
        trail = await self._jobs.cancelled(asking.caller.by, job)
        return AsciiJson(job_view(trail, asking.base), 200 if trail.ended else 202)

    async def delete(self, asking: Asked, job: str) -> Response:
        """Remove an ended job and its pictures, files too."""
        asking.caller.must_have(Scope.DRAW)
        await self._jobs.remove(Delete(asking.caller.by, job))
        return Response(status_code=204)

    async def webhook(self, asking: Asked, job: str) -> Response:
        """How telling the job's webhook went."""
        asking.caller.must_have(Scope.READ)
        await self._jobs.standing(asking.caller.by, job)
        message = await self._core.outbox.of_job(job)
        if message is None:
            raise not_found("Nothing was to be told about this job, or it has not ended.")
        told = {"url": message.url, "tries": message.tries, "last_answer": message.last_answer}
        return AsciiJson(told | {"state": message.ending or "waiting"})

    async def events(self, asking: Asked, job: str) -> Response:
        """Every change of a job as server-sent events, until its end. `Last-Event-ID` takes up again."""
        asking.caller.must_have(Scope.READ)
        await self._jobs.standing(asking.caller.by, job)
        return Telling(self._told(asking, job), "text/event-stream")

    async def _told(self, asking: Asking, job: str) -> AsyncGenerator[str, None]:
        run, told = self._jobs.trails.run, -1
        if asking.last_event is not None:
            told = _number(asking.last_event, run)
        async with aclosing(self._jobs.follow(asking.caller.by, job, SILENCE_SECONDS)) as trails:
            async for trail, _ in trails:
                events = [event for event in trail.events if event[0] > told]
                for number, update in events if told >= 0 else events[-1:]:
                    yield event_text(f"{run}-{number}", job_view(trail, asking.base, update))
                told = max([told, *(number for number, _ in events)])
                if not events:
                    yield ": waiting\n\n"


def _texts(body: NewJobBody) -> list[str]:
    """Return the prompts of a body: where it has wildcards, one for each that they stand for."""
    if not body.wildcards:
        return [body.prompt]
    try:
        return [literal(text) for text in alternatives(body.prompt)]
    except TooManyAlternatives as refusal:
        raise fault_of(refusal) from None


def _order(asking: Asking, body: NewJobBody, wish: Wish, start: From | None) -> Order[Draw]:
    told = without_files(asking.values) | ({"prompt": wish.prompt} if body.wildcards else {})
    command = partial(Draw, wish=wish, start=start)
    return Order(dialect=NATIVE, command=command, input=told, webhook=body.webhook)


class Myself:
    """What a key's holder may know about it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def me(self, asking: Asked) -> Response:
        """The key that asks, its account's credits, and the secret that signs its webhooks."""
        answer = await self._core.answer(ShowBalance(asking.caller.by))
        match answer:
            case Wallet(balance=balance):
                return AsciiJson(_key_view(asking.caller.key, asking.caller.by.name, balance))
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)


def _key_view(key: Key, name: str, balance: Balance) -> View:
    return {
        "key": prefix(key),
        "name": name,
        "scopes": sorted(key.scopes),
        "expires_at": None if key.expires_at is None else moment(key.expires_at),
        "credits": {"available": balance.available, "held": balance.held},
        "requests_per_minute": key.requests_per_minute,
        "max_waiting": key.max_waiting,
        "webhook_secret": key.webhook_secret,
    }


def native_router(core: Core, jobs: Jobs, orders: Orders) -> APIRouter:
    """Return the routes under /v1/jobs."""
    handlers = NativeJobs(core, jobs, orders)
    whole = APIRouter(tags=["jobs"])
    whole.add_api_route("/v1/me", Myself(core).me, response_model=KeyView)
    router = APIRouter(prefix="/v1/jobs")
    accepted: Responses = {202: {"model": JobView, "description": "Accepted, not yet ended"}}
    created: Responses = {
        200: {"model": QuoteView | SeveralQuoteView, "description": "The price, for a dry run"},
        201: {"model": JobView | SeveralView, "description": "Ended; with wildcards several jobs"},
        202: {"model": JobView | SeveralView, "description": "Accepted, not yet ended"},
    }
    stream: Responses = {200: {"content": {"text/event-stream": {}}, "description": "Events"}}
    add = router.add_api_route
    add("", handlers.create, methods=["POST"], status_code=201, responses=created)
    add("", handlers.list, response_model=JobsView)
    add("/{job}", handlers.get, response_model=JobView)
    add("/{job}", handlers.delete, methods=["DELETE"], status_code=204)
    add("/{job}/cancel", handlers.cancel, methods=["POST"], response_model=JobView, responses=accepted)
    add("/{job}/webhook", handlers.webhook, response_model=ToldView)
    add("/{job}/events", handlers.events, status_code=200, response_class=Telling, responses=stream)
    add_onward_routes(router, core, Placing(jobs, orders))
    whole.include_router(router)
    return whole


def event_text(id: str, view: View) -> str:
    """Return one server-sent event."""
    return f"id: {id}\nevent: {view['state']}\ndata: {to_json(view)}\n\n"


def _number(last_event: str, run: str) -> int:
    """Return the number of an event that this run of the bot has told, -1 for any other."""
    of_run, _, number = last_event.rpartition("-")
    good = of_run == run and number.isascii() and number.isdigit() and len(number) < 10  # noqa: PLR2004
    return int(number) if good else -1
