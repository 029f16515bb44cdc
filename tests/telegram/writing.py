"""The real core and the real adapter, on a loopback Telegram, with a generator that plays scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot.adapters.telegram.budget import Pace
from bot.adapters.telegram.core import Account, Core
from bot.adapters.telegram.front import TelegramFront
from bot.flight import Painter
from generator.models import EMBEDDED_MODEL
from tests.platforms.studio import Script, ScriptedPainter, Studio, draws, draws_large, finished, waits_for
from tests.platforms.telegram import TOKEN, LoopbackTelegram

HASTE = Pace(chat_seconds=0.01, group_minute=10_000, group_minute_for_progress=10_000, all_second=10_000)


class Bot(Studio):
    """One run of the bot on Telegram; `changes` are those of its account."""

    def __init__(
        self,
        town: LoopbackTelegram,
        folder: Path,
        painter: Painter,
        *,
        seconds: float | None = None,
        pace: Pace = HASTE,
        **changes: object,
    ) -> None:
        super().__init__(folder, painter, seconds, lambda: len(town.calls))
        core = Core(
            answer=self.answer,
            read=self.pictures.read,
            post=self.store.post,
            move_post=self.store.move_post,
            push=lambda post, update: self.delivery.push(post, update),  # noqa: PLW0108 - made later
            now=self.clock.wall,
            preferences=self.people.preferences,
            rules=self.places.rules,
        )
        account = replace(
            Account(token=TOKEN, api_url=town.url, ratios=tuple(EMBEDDED_MODEL.aspects)), **changes
        )  # type: ignore[arg-type]
        self.front = TelegramFront(core, account, pace)
        self.open_to(self.front.surface)


@asynccontextmanager
async def running(
    town: LoopbackTelegram, folder: Path, *scripts: Script, ready: bool = True, **how: object
) -> AsyncIterator[Bot]:
    """One run of the bot, from its login to its stop."""
    polls = town.polls
    bot = Bot(town, folder, ScriptedPainter(*scripts), **how)  # type: ignore[arg-type]
    async with bot.living(bot.front.run):
        if ready:
            await town.ready(polls + 1)
        yield bot


__all__ = ["Bot", "ScriptedPainter", "draws", "draws_large", "finished", "running", "waits_for"]
