"""Fetches updates by long poll. An update is confirmed only after it was taken care of.

python-telegram-bot's own Updater is not used: it confirms what it has merely put into memory, so a bot that
is killed then would have lost orders.
"""

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.adapters.telegram.wire import seconds_of

log = logging.getLogger(__name__)

KINDS = (
    "message",
    "callback_query",
    "inline_query",
    "chosen_inline_result",
    "pre_checkout_query",
    "my_chat_member",
)
"""All that we listen to. Without pre_checkout_query every payment would time out."""

POLL_SECONDS = 50
CONFIRM_SECONDS = (
    2.0  # an update that takes longer waits for Telegram's patience: its order is stored by then
)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
GOODBYE_SECONDS = 2.0
TWICE = "another process fetches this Telegram bot's updates: stop that one, or make a second bot"

UNREADABLE = (
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
)  # raised for what is new to the library

Take = Callable[[Update], Awaitable[None]]


class Poll:
    """`run` fetches for ever; `take` is called for each update, all of a batch at once."""

    def __init__(self, bot: Bot, take: Take) -> None:
        self._bot = bot
        self._take = take
        self._next = 0
        self._begun: set[asyncio.Task[None]] = set()
        self._pause = FIRST_PAUSE_SECONDS
        self._quarrelled = False

    async def run(self) -> None:
        """Fetch until cancelled. Raises InvalidToken."""
        async with asyncio.TaskGroup() as tasks:
            try:
                while True:
                    await self._round(tasks)
            finally:
                await self._confirm()

    async def _round(self, tasks: asyncio.TaskGroup) -> None:
        try:
            batch = await self._fetched(POLL_SECONDS)
        except Conflict:
            await self._quarrel()
        except InvalidToken:
            raise
        except RetryAfter as error:
            await asyncio.sleep(seconds_of(error))
        except NetworkError as error:
            log.warning("Telegram cannot be reached", extra={"reason": type(error).__name__})
            await self._rest()
        else:
            self._pause, self._quarrelled = FIRST_PAUSE_SECONDS, False
            await self._work(tasks, batch)

    async def _fetched(self, seconds: int) -> Sequence[Update]:
        try:
            return await self._bot.get_updates(offset=self._next, timeout=seconds, allowed_updates=KINDS)
        except UNREADABLE:
            return await self._readable()

    async def _readable(self) -> Sequence[Update]:
        """Return what can be read of a batch over which the library stumbles; the rest is gone."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library would rather be asked for the whole batch
            batch: Any = await self._bot.do_api_request(
                "getUpdates", api_kwargs={"offset": self._next, "timeout": 0, "allowed_updates": KINDS}
            )
        if batch:
            self._next = batch[-1]["update_id"] + 1
        read = [read_update(told, self._bot) for told in batch]
        return [update for update in read if update is not None]

    async def _work(self, tasks: asyncio.TaskGroup, batch: Sequence[Update]) -> None:
        """Take care of a batch. Whoever is slow in it does not hold up the next one for long.

        Payments are waited for: what was paid must not be forgotten.
        """
        begun = {tasks.create_task(self._taken(update)): update for update in batch}
        if begun:
            self._next = batch[-1].update_id + 1
            self._begun |= begun.keys()
            for task in begun:
                task.add_done_callback(self._begun.discard)
            await asyncio.wait(begun, timeout=CONFIRM_SECONDS)
            await asyncio.gather(*(task for task, update in begun.items() if _is_payment(update)))

    async def _taken(self, update: Update) -> None:
        try:
            await self._take(update)
        except Exception:
            log.exception("an update failed")

    async def _quarrel(self) -> None:
        if not self._quarrelled:
            log.error(TWICE)
        self._quarrelled = True
        await self._rest()

    async def _rest(self) -> None:
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    async def _confirm(self) -> None:
        """Tell Telegram what was taken care of, so that the next start does not hear it again.

        What is still under way will be heard again: an order is known by its message, so twice is once.
        """
        if self._begun:
            await asyncio.wait(self._begun, timeout=GOODBYE_SECONDS)
        if not self._next or self._begun:
            return
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._bot.get_updates(offset=self._next, timeout=0, limit=1, allowed_updates=KINDS)
        except (TelegramError, TimeoutError):
            log.info("what was last heard will be heard again")


def read_update(told: dict[str, Any], bot: Bot) -> Update | None:
    """Return what Telegram tells of; None where the library cannot read it, which is logged without it."""
    try:
        return Update.de_json(told, bot)
    except UNREADABLE as error:
        why = type(error).__name__
        log.error("an update cannot be read", extra={"update": told.get("update_id"), "why": why})  # noqa: TRY400 - a trace holds it
        return None


def _is_payment(update: Update) -> bool:
    return update.message is not None and update.message.successful_payment is not None
