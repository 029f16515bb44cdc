"""Calls to Telegram within the budget, and what its refusals mean."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    RetryAfter,
    TelegramError,
)

from bot.adapters.telegram.budget import Budget, Pace, Weight
from bot.delivery import TryLater

log = logging.getLogger(__name__)

LOGIN_SECONDS = 1.0  # while the bot is not on Telegram yet
PATIENCE_SECONDS = 5.0  # while Telegram cannot be reached
LONGEST_PATIENCE_SECONDS = 60.0  # for what somebody waits for and delivery does not keep
TRIES = 4
LONGEST_LINE_SECONDS = 120.0  # for which an answer may wait for its turn
TOO_LARGE = "Request Entity Too Large"  # which the library takes for trouble with the network
NOWHERE = 0  # no chat has this number

T = TypeVar("T")
Request = Callable[[Bot], Awaitable[T]]


class Closed(Exception):
    """Telegram will never take this; the reason is its own word."""


class Moved(Exception):
    """The group has become a supergroup, with another number."""

    def __init__(self, chat: int) -> None:
        super().__init__(f"the group is {chat} now")
        self.chat = chat


class NotYet(TryLater):
    """It is not this chat's turn; Telegram was not asked."""


class Wire:
    """Give it the bot when that is logged in. What is written to a chat goes through `send` or `insist`."""

    def __init__(self, pace: Pace, now: Callable[[], float] = time.monotonic) -> None:
        self.bot: Bot | None = None
        self._budget = Budget(pace)
        self._now = now

    async def send(
        self, chat: int, request: Request[T], weight: Weight = Weight.RESULT, messages: int = 1
    ) -> T | None:
        """Write to a chat once. None where the message stood there already.

        Raises TryLater, Moved or Closed.
        """
        bot = self._logged_in()
        if wait := self._budget.wait_seconds(chat, weight, self._now()):
            raise NotYet(wait)
        self._budget.used(chat, self._now(), messages)
        return await self._judged(chat, request(bot))

    async def call(self, request: Request[T]) -> T | None:
        """Call a method that writes nothing, once. Raises as `send` does."""
        return await self._judged(NOWHERE, request(self._logged_in()))

    async def insist(self, chat: int, request: Request[T]) -> T | None:
        """Write to a chat, waiting where that is needed. None where it cannot be; that is logged."""
        return await persist(lambda: self.send(chat, request))

    async def attempt(self, request: Request[Any]) -> bool:
        """Call a method that writes nothing; say whether Telegram took it. What is lost is logged."""
        try:
            await request(self._logged_in())
        except (TelegramError, TryLater) as error:
            _log_lost(error)
            return False
        return True

    def _logged_in(self) -> Bot:
        if self.bot is None:
            raise TryLater(LOGIN_SECONDS)
        return self.bot

    async def _judged(self, chat: int, request: Awaitable[T]) -> T | None:
        try:
            return await request
        except RetryAfter as error:
            wait = seconds_of(error)
            self._budget.close(chat, wait, self._now())
            raise TryLater(wait) from None
        except ChatMigrated as error:
            raise Moved(error.new_chat_id) from None
        except BadRequest as error:
            if "message is not modified" in error.message.lower():
                return None  # an edit whose answer was lost, done again
            raise Closed(error.message) from None
        except Forbidden as error:
            raise Closed(error.message) from None
        except TelegramError as error:  # mostly NetworkError
            if error.message.startswith(TOO_LARGE):
                raise Closed(error.message) from None
            log.warning("Telegram is not reached", extra={"reason": type(error).__name__})
            raise TryLater(PATIENCE_SECONDS) from None


async def persist(deed: Callable[[], Awaitable[T]]) -> T | None:
    """Do it, waiting for its turn and as Telegram asks. None where it cannot be done; that is logged."""
    tries, waited = 0, 0.0
    while tries < TRIES and waited < LONGEST_LINE_SECONDS:
        try:
            return await deed()
        except NotYet as wish:
            waited += wish.seconds
            await asyncio.sleep(wish.seconds)
        except TryLater as wish:
            tries += 1
            await asyncio.sleep(min(wish.seconds, LONGEST_PATIENCE_SECONDS))
        except (Closed, Moved) as reason:
            _log_lost(reason)
            return None
    _log_lost(TryLater(0))
    return None


def seconds_of(error: RetryAfter) -> float:
    """Return for how long Telegram asks to be left alone; the library may give it as a timedelta."""
    told: Any = error.retry_after
    return float(told.total_seconds() if hasattr(told, "total_seconds") else told)


def _log_lost(error: Exception) -> None:
    log.warning("an answer was lost", extra={"reason": type(error).__name__, "said": _said(error)})


def _said(error: Exception) -> str:
    """Return Telegram's word, but nothing of the library's, which may hold the token."""
    return str(error)[:100] if isinstance(error, BadRequest | Forbidden | Closed) else ""
