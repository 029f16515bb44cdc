"""The parts of the bot while they live: begun together, ended in order, told when they crash."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import structlog

from bot.adapters.api.parts import Parts
from bot.adapters.web.server import WebServer
from bot.delivery import Delivery
from bot.dispatcher import Dispatcher
from bot.flight import Painter
from bot.gallery import Gallery
from bot.onlooking import Onlooking
from bot.people import People
from bot.places import Places
from bot.relay import Relay
from bot.sweeper import Sweeper
from storage.sql.store import SqlStore
from storage.store import StorageError

if TYPE_CHECKING:
    from bot.adapters.discord.front import DiscordFront
    from bot.adapters.telegram.front import TelegramFront
    from bot.tracing import Tracing


log = structlog.get_logger("bot.run")


class PainterProcess(Painter, Protocol):
    """What draws, kept alive by `run` until `stop`."""

    @property
    def pid(self) -> int | None:
        """The process it is, None while there is none."""

    async def run(self) -> None:
        """Keep it alive, for ever."""

    async def stop(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The parts that live as long as the bot."""

    store: SqlStore
    people: People
    places: Places
    gallery: Gallery
    sweep_after_seconds: float
    child: PainterProcess
    delivery: Delivery
    dispatcher: Dispatcher
    relay: Relay
    onlooking: Onlooking
    web: WebServer
    api: Parts
    sweeper: Sweeper
    discord: "DiscordFront | None"
    telegram: "TelegramFront | None"
    tracing: "Tracing | None" = None

    async def run(self, stop: asyncio.Event) -> None:
        """Live until `stop`, or until a part crashes, which the ExceptionGroup tells."""
        async with asyncio.TaskGroup() as tasks:
            painting = tasks.create_task(self.child.run())
            delivering = tasks.create_task(self.delivery.run())
            serving = tasks.create_task(self.web.run())
            answering = tasks.create_task(self.api.run(self.store.company.lead))
            sweeping = tasks.create_task(self.store.company.lead("sweeping", self.sweeper.run))
            keeping_in_touch = tasks.create_task(self.store.company.run())
            relaying = tasks.create_task(self.relay.run())
            onlooking = tasks.create_task(self.onlooking.run())
            dispatching = tasks.create_task(self.store.company.lead("drawing", self._dispatch))
            announcing = tasks.create_task(announce(self.web.url))
            chatting = tasks.create_task(self._chat())
            writing = tasks.create_task(self._write())
            stopping = tasks.create_task(stop.wait())
            await _first(stopping, painting, delivering, serving, dispatching)
            log.info("stopping")
            stopping.cancel()
            self.dispatcher.stop()
            announcing.cancel()
            if not self.dispatcher.leading:
                dispatching.cancel()
            await asyncio.wait({dispatching})
            await self.relay.leave()
            keeping_in_touch.cancel()
            relaying.cancel()
            onlooking.cancel()
            chatting.cancel()
            writing.cancel()
            delivering.cancel()
            serving.cancel()
            answering.cancel()
            sweeping.cancel()
            await self.child.stop()
        log.info("stopped")

    async def _chat(self) -> None:
        """Be on Discord. Its end is nobody else's: a wrong token leaves the web chat alone."""
        if self.discord is None:
            log.info("not on Discord: DISCORD_TOKEN is not set")
        else:
            await self.discord.run()

    async def _write(self) -> None:
        """Be on Telegram, likewise."""
        if self.telegram is None:
            log.info("not on Telegram: TELEGRAM_TOKEN is not set")
        else:
            await self.telegram.run()

    async def _dispatch(self) -> None:
        """Clear away what a crash left behind, then draw."""
        await self._sweep()
        await self.dispatcher.run()

    async def _sweep(self) -> None:
        """Orphans that cannot be removed now stay until the next start."""
        try:
            await self.gallery.sweep(time.time() - self.sweep_after_seconds)
        except StorageError as error:
            log.warning("orphans not swept", reason=str(error))


async def announce(url: str) -> None:
    """Print the address as soon as it answers HTTP."""
    with suppress(OSError):  # then printing it is still more useful than not
        await _answered(url)
    print(f"Pinxit is at {url}", flush=True)  # noqa: T201 - the one line that people wait for


async def _answered(url: str) -> None:
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(f"GET /session HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n".encode())
        await reader.readline()
    finally:
        writer.close()


async def _first(*tasks: asyncio.Task[object]) -> None:
    """Wait until one of the tasks ends, however it does."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
