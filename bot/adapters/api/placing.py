"""Places one order and shows its job; prices orders that are only asked about."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from bot.adapters.api.asking import Asking
from bot.adapters.api.core import Core
from bot.adapters.api.faults import fault_of
from bot.adapters.api.orders import Given, Order, Orders
from bot.adapters.api.surface import Jobs
from bot.adapters.api.views import job_view
from bot.adapters.api.wire import AsciiJson
from bot.commands import PriceAgain, Quote
from bot.updates import Quoted, Refused

View = dict[str, Any]


class Placing:
    """Answers orders as Pinxit's own dialect does."""

    def __init__(self, jobs: Jobs, orders: Orders) -> None:
        self._jobs = jobs
        self._orders = orders

    async def one(self, asking: Asking, order: Order[Given]) -> Response:
        """Place an order; with `Prefer: wait` return when it has ended, or the time is over."""
        job, trail = await self._orders.place(asking, order)
        if asking.wait_seconds is not None:
            trail = await self._jobs.ended(asking.caller.by, job, asking.wait_seconds)
        headers = {"location": f"{asking.base}/v1/jobs/{job}"} | waited(asking)
        return AsciiJson(job_view(trail, asking.base), 201 if trail.ended else 202, headers)


def waited(asking: Asking) -> dict[str, str]:
    """Return the header that says how long an answer has waited."""
    wait = asking.wait_seconds
    return {} if wait is None else {"preference-applied": f"wait={wait:.0f}"}


async def quoted(core: Core, command: Quote | PriceAgain) -> Quoted:
    """Return what an order would cost. Raises ApiFault."""
    answer = await core.answer(command)
    match answer:
        case Quoted():
            return answer
        case Refused(refusal):
            raise fault_of(refusal)
        case _:
            raise TypeError(type(answer).__name__)


def quote_view(quote: Quoted) -> View:
    """Return what one order would cost."""
    return _sum([quote]) | {"recipe": quote.recipe.as_dict()}


def quotes_view(quotes: Sequence[Quoted]) -> View:
    """Return what several orders would cost together."""
    return _sum(quotes) | {"recipes": [quote.recipe.as_dict() for quote in quotes]}


def _sum(quotes: Sequence[Quoted]) -> View:
    price, available = sum(quote.price for quote in quotes), quotes[-1].balance.available
    return {"dry_run": True, "price": price, "available": available, "enough": available >= price}
