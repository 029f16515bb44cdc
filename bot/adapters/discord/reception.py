"""Acknowledges presses, within the three seconds that Discord gives.

Acknowledgements go first: what comes after one waits while others are under way, so that a hundred commands
at once are a hundred short requests before they are a hundred orders.
"""

import asyncio
from contextlib import suppress

from bot.adapters.discord.address import Address
from bot.adapters.discord.buttons import Press
from bot.adapters.discord.journal import Journal, Order, Unanswered
from bot.adapters.discord.replies import LOST, log_lost

LONGEST_WAIT_SECONDS = 1.0  # for the acknowledgements of others: Discord may be slow with one of them


class Unheard(Exception):
    """Discord took no acknowledgement: nothing may be done, since nothing could be shown."""


class Reception:
    """Counts the acknowledgements under way, and keeps the journal of what was not answered yet."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._under_way = 0
        self._calm = asyncio.Event()

    async def acknowledge(
        self, press: Press, address: Address, language: str, order: Order | None = None
    ) -> int | None:
        """Announce an answer at the address; return its message. Raises Unheard.

        What was acknowledged with an order is ordered even if the bot is killed now.
        """
        self._journal.begin(Unanswered(press=press.id, address=address, language=language, order=order))
        return await self._first(press, private=address.private, thinking=True)

    async def nod(self, press: Press) -> None:
        """Acknowledge without anything that people see. Where that fails the wish is clear nevertheless."""
        with suppress(Unheard):
            await self._first(press, private=False, thinking=False)

    def dismiss(self, press: Press) -> None:
        """The press was answered, as far as it can be."""
        self._journal.end(press.id)

    async def _first(self, press: Press, *, private: bool, thinking: bool) -> int | None:
        self._under_way += 1
        try:
            message = await _deferred(press, private=private, thinking=thinking)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._calm.set()
        await self._calmed()
        return message

    async def _calmed(self) -> None:
        """Wait until nobody waits for an acknowledgement, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                while self._under_way:
                    self._calm.clear()
                    await self._calm.wait()


async def _deferred(press: Press, *, private: bool, thinking: bool) -> int | None:
    try:
        response = await press.response.defer(ephemeral=private, thinking=thinking)
    except LOST as error:
        log_lost(error)
        raise Unheard from None
    return response.message_id if response is not None else None
