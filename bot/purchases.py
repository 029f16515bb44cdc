"""Credits for money: what a platform has been paid becomes credits once, and is taken back once."""

from typing import assert_never

from bot.clock import Clock
from bot.commands import Pay, ShowPayment, TakeBack
from bot.people import People
from bot.refusals import NoSuchPayment, NotAllowed
from bot.updates import Paid, PaymentView, TakenBack
from storage.records import Payment
from storage.store import Store


class Purchases:
    """The platform's word counts: it moves the money."""

    def __init__(self, store: Store, people: People, clock: Clock) -> None:
        self._store = store
        self._people = people
        self._clock = clock

    async def answer(self, command: Pay | ShowPayment | TakeBack) -> Paid | PaymentView | TakenBack:
        """Do it, or raise a Refusal."""
        match command:
            case Pay():
                return await self._pay(command)
            case ShowPayment():
                return PaymentView(await self._named(command))
            case TakeBack():
                return await self._take_back(await self._named(command))
            case _:
                assert_never(command)

    async def _pay(self, command: Pay) -> Paid:
        payment = Payment(
            charge=command.charge,
            account=await self._people.account(command.by),
            by=command.by.identity,
            credits=command.credits,
            stars=command.stars,
            paid_at=self._clock.wall(),
        )
        return Paid(credits=command.credits, balance=await self._store.pay(payment))

    async def _named(self, command: ShowPayment | TakeBack) -> Payment:
        if not command.vouched:
            raise NotAllowed
        payment = await self._store.payment(command.charge)
        if payment is None:
            raise NoSuchPayment
        return payment

    async def _take_back(self, payment: Payment) -> TakenBack:
        done = await self._store.take_back(payment.charge, self._clock.wall())
        if done is None:
            raise NoSuchPayment
        return TakenBack(payment=done[0], balance=done[1])
