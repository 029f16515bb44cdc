"""The real core and the real adapter, on a loopback Discord, with a generator that plays scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.adapters.discord.core import Account, Core
from bot.adapters.discord.front import DiscordFront
from bot.flight import Painter
from generator.models import EMBEDDED_MODEL, Model
from tests.platforms.discord import TOKEN, LoopbackDiscord, Message
from tests.platforms.studio import (
    Script,
    ScriptedPainter,
    Studio,
    draws,
    draws_large,
    finished,
    waits_for,
)


class Bot(Studio):
    """One run of the bot on Discord."""

    def __init__(  # noqa: PLR0913 - what differs between tests
        self,
        discord: LoopbackDiscord,
        folder: Path,
        painter: Painter,
        *,
        token: str = TOKEN,
        guilds: tuple[int, ...] = (),
        trusted: tuple[int, ...] = (),
        public_url: str | None = None,
        seconds: float | None = None,
        model: Model = EMBEDDED_MODEL,
        most_pictures: int = 4,
    ) -> None:
        super().__init__(folder, painter, seconds, lambda: len(discord.calls))
        self.discord, self.model, self.most_pictures = discord, model, most_pictures
        core = Core(
            answer=self.answer,
            read=self.pictures.read,
            post=self.store.post,
            preferences=self.people.preferences,
            rules=self.places.rules,
            now=self.clock.wall,
            styles=self.styles,
            loras=("outline", "snow"),
            model=model,
            most_pictures=most_pictures,
            public_url=public_url,
        )
        account = Account(
            token=token,
            api_url=discord.url,
            guilds=guilds,
            synced=folder / "discord.json",
            journal=folder / "presses.jsonl",
            trusted=trusted,
        )
        self.front = DiscordFront(core, account)
        self.front.surface.interval_seconds = 0.01
        self.open_to(self.front.surface)


@asynccontextmanager
async def running(
    discord: LoopbackDiscord, folder: Path, *scripts: Script, ready: bool = True, **how: object
) -> AsyncIterator[Bot]:
    """One run of the bot, from its login to its stop."""
    sessions = discord.gateway.identified
    bot = Bot(discord, folder, ScriptedPainter(*scripts), **how)  # type: ignore[arg-type]
    async with bot.living(bot.front.run):
        if ready:
            await discord.ready(sessions + 1)
        yield bot


def shows(message: Message | None, part: str) -> bool:
    return message is not None and not message.deleted and part in message.content


__all__ = ["Bot", "ScriptedPainter", "draws", "draws_large", "finished", "running", "shows", "waits_for"]
