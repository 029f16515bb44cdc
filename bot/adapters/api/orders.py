"""Orders a picture for a caller, whatever the dialect: once per idempotency key, with the request kept."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.adapters.api.address import Address
from bot.adapters.api.asking import Asking
from bot.adapters.api.core import Core
from bot.adapters.api.deadlines import Deadlines
from bot.adapters.api.faults import ApiFault, fault_of, not_valid
from bot.adapters.api.trails import Trail, Trails
from bot.adapters.api.wire import canonical
from bot.commands import Again, Draw, DrawAll
from bot.outgoing import BadAddress
from bot.updates import (
    AllAccepted,
    Broken,
    Cancelled,
    Delivered,
    Progress,
    Queued,
    Refused,
    Update,
)
from storage.keys import PLATFORM, Scope
from storage.records import NewPost

KEY_BYTES = 12
Given = TypeVar("Given", bound=Draw | Again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Generic[Given]):
    """What is wanted, in which dialect; `input` is kept as sent, `webhook` is told of the end.

    `command` makes what the service is asked; it lacks only who asks, under which key, and where it is shown.
    """

    dialect: str
    command: Callable[..., Given]
    input: dict[str, Any]
    webhook: str | None = None


class Orders:
    """Takes orders to the service."""

    def __init__(self, core: Core, trails: Trails, deadlines: Deadlines) -> None:
        self._core = core
        self._trails = trails
        self._deadlines = deadlines

    async def place(self, asking: Asking, order: Order[Given]) -> tuple[str, Trail]:
        """Return the job's id and how it stands. Raises ApiFault."""
        asking.caller.must_have(Scope.DRAW)
        await self._check_webhook(order.webhook)
        now = self._core.clock.wall()
        address = self._address(asking, order, now)
        key = await self._key(asking, address, now)
        answer = await self._core.answer(self._given(asking, order, address, key))
        match answer:
            case Queued() | Progress() | Delivered() | Broken() | Cancelled():
                return self._followed(answer, address)
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)

    async def place_all(self, asking: Asking, orders: Sequence[Order[Draw]]) -> list[tuple[str, Trail]]:
        """Place all of several orders, or none of them; return as `place` does. Raises ApiFault."""
        asking.caller.must_have(Scope.DRAW)
        await self._check_webhook(orders[0].webhook)
        now = self._core.clock.wall()
        addresses = [self._address(asking, order, now) for order in orders]
        key = await self._key(asking, addresses[0], now)
        draws = [
            self._given(asking, order, address, f"{key}:{number}")
            for number, (order, address) in enumerate(zip(orders, addresses, strict=True))
        ]
        answer = await self._core.answer(DrawAll(by=asking.caller.by, draws=tuple(draws)))
        match answer:
            case AllAccepted(updates):
                both = zip(updates, addresses, strict=True)
                return [self._followed(update, address) for update, address in both]
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)

    def _given(self, asking: Asking, order: Order[Given], address: Address, key: str) -> Given:
        by = asking.caller.by
        return order.command(
            by=by,
            key=key,
            post=NewPost(platform=PLATFORM, address=address.text(), language=by.language),
            most_waiting=asking.caller.key.max_waiting,
        )

    def _followed(self, update: Update, address: Address) -> tuple[str, Trail]:
        trail = self._trails.of(update.job.id)
        trail.tell(update)
        self._deadlines.add(update.job.id, address.deadline)
        return update.job.id, trail

    async def _check_webhook(self, url: str | None) -> None:
        if url is None:
            return
        try:
            await self._core.outgoing.check(url)
        except BadAddress as error:
            raise not_valid(f"webhook: {error}", "webhook") from None

    def _address(self, asking: Asking, order: Order[Given], now: float) -> Address:
        body = f"{asking.path}\n{canonical(asking.values)}"
        return Address(
            dialect=order.dialect,
            key=asking.caller.key.id,
            base=asking.base,
            body=hashlib.sha256(body.encode()).hexdigest(),
            input=order.input,
            webhook=order.webhook,
            deadline=None if asking.cancel_after is None else now + asking.cancel_after,
        )

    async def _key(self, asking: Asking, address: Address, now: float) -> str:
        """Return the job's key: the same for the same request under one idempotency key, for a day."""
        fresh = secrets.token_urlsafe(KEY_BYTES)
        if asking.idempotency_key is None:
            return f"{PLATFORM}:{fresh}"
        nonce = await self._core.requests.nonce(
            asking.caller.name, asking.idempotency_key, address.body, fresh, now
        )
        if nonce is None:
            sentence = "This Idempotency-Key was sent with another request within a day."
            raise ApiFault(409, "idempotency_conflict", sentence)
        return f"{PLATFORM}:{nonce}"
