"""Joins the accounts of one person on several platforms, by a code that is carried over by hand."""

import math
import random
import re
from typing import assert_never

from bot.clock import Clock
from bot.commands import MakeLink, UseLink
from bot.people import People
from bot.refusals import AccountBlocked, LinkCodeWrong, LinkCodeYours, Refusal, TooManyLinkTries
from bot.updates import LinkAsked, LinkCode, Linked
from storage.records import (
    Blocked,
    Joined,
    Limits,
    NotJoined,
    Offered,
    OwnCode,
    TriedTooOften,
    WrongCode,
)
from storage.store import Store

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is taken for another
LENGTH = 8  # 31^8: five guesses in ten minutes find nothing
LIFE_SECONDS = 600
DEEP_LINK = "link_"  # what a link that opens a chat puts before the code


class Linking:
    """`dice` gives the codes, so it must be unguessable."""

    def __init__(
        self, store: Store, people: People, limits: Limits, clock: Clock, dice: random.Random
    ) -> None:
        self._store = store
        self._people = people
        self._limits = limits
        self._clock = clock
        self._dice = dice

    async def answer(self, command: MakeLink | UseLink) -> LinkCode | LinkAsked | Linked:
        """Give a code, ask whether to use one, or use it. Raises a Refusal."""
        account = await self._people.account(command.by)
        if isinstance(command, MakeLink):
            return await self._make(account)
        code, now = typed(command.code), self._clock.wall()
        if not command.confirmed:
            return await self._ask(account, code, now)
        joined = await self._store.use_link(account, code, self._limits, now)
        if not isinstance(joined, Joined):
            raise _refusal(joined, now)
        return await self._joined(joined)

    async def _make(self, account: int) -> LinkCode:
        code = "".join(self._dice.choices(LETTERS, k=LENGTH))
        await self._store.offer_link(account, code, self._clock.wall() + LIFE_SECONDS)
        return LinkCode(code=code, life_seconds=LIFE_SECONDS)

    async def _ask(self, account: int, code: str, now: float) -> LinkAsked:
        """Say whose code it is: following a stranger's link must not share anything yet."""
        offered = await self._store.see_link(account, code, now)
        if not isinstance(offered, Offered):
            raise _refusal(offered, now)
        return LinkAsked(code=code, name=offered.account.name, identities=offered.identities)

    async def _joined(self, joined: Joined) -> Linked:
        account = joined.account.id
        await self._people.remember(account, joined.preferences)
        identities = tuple(await self._store.identities(account))
        return Linked(identities=identities, balance=joined.balance, lapsed=joined.lapsed)


def _refusal(trouble: NotJoined, now: float) -> Refusal:
    match trouble:
        case WrongCode():
            return LinkCodeWrong()
        case OwnCode():
            return LinkCodeYours()
        case TriedTooOften(retry_at):
            return TooManyLinkTries(retry_seconds=max(1, math.ceil(retry_at - now)))
        case Blocked():
            return AccountBlocked()
        case _:
            assert_never(trouble)


def typed(code: str) -> str:
    """Return a code however it was typed or linked to."""
    return re.sub(r"[^0-9A-Z]", "", code.strip().removeprefix(DEEP_LINK).upper())
