"""Joins the accounts of one person on several platforms, by a code that is carried over by hand."""

import math
import random
import re
from typing import assert_never

from bot.clock import Clock
from bot.commands import MakeLink, UseLink
from bot.people import People
from bot.refusals import AccountBlocked, LinkCodeWrong, LinkCodeYours, TooManyLinkTries
from bot.updates import LinkCode, Linked
from storage.records import Blocked, Joined, Limits, OwnCode, TriedTooOften, WrongCode
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

    async def answer(self, command: MakeLink | UseLink) -> LinkCode | Linked:
        """Give a code, or use one. Raises a Refusal."""
        account = await self._people.account(command.by)
        if isinstance(command, MakeLink):
            return await self._make(account)
        return await self._use(account, typed(command.code))

    async def _make(self, account: int) -> LinkCode:
        code = "".join(self._dice.choices(LETTERS, k=LENGTH))
        await self._store.offer_link(account, code, self._clock.wall() + LIFE_SECONDS)
        return LinkCode(code=code, life_seconds=LIFE_SECONDS)

    async def _use(self, account: int, code: str) -> Linked:
        now = self._clock.wall()
        answer = await self._store.use_link(account, code, self._limits, now)
        match answer:
            case Joined():
                return await self._joined(answer)
            case WrongCode():
                raise LinkCodeWrong
            case OwnCode():
                raise LinkCodeYours
            case TriedTooOften(retry_at):
                raise TooManyLinkTries(retry_seconds=max(1, math.ceil(retry_at - now)))
            case Blocked():
                raise AccountBlocked
            case _:
                assert_never(answer)

    async def _joined(self, joined: Joined) -> Linked:
        account = joined.account.id
        await self._people.remember(account, joined.preferences)
        identities = tuple(await self._store.identities(account))
        return Linked(identities=identities, balance=joined.balance, lapsed=joined.lapsed)


def typed(code: str) -> str:
    """Return a code however it was typed or linked to."""
    return re.sub(r"[^0-9A-Z]", "", code.strip().removeprefix(DEEP_LINK).upper())
