"""`pinxit run`: puts the parts together, lets them live, and takes them apart again."""

import asyncio
import gc
import logging
import os
import random
import resource
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import structlog
from starlette.types import ASGIApp

from bot.adapters.api.core import Core as ApiCore
from bot.adapters.api.core import Rules
from bot.adapters.api.entrance import Entrance
from bot.adapters.api.parts import Parts, parts_of
from bot.adapters.api.surface import ApiSurface
from bot.adapters.web.app import Door, web_app
from bot.adapters.web.app import Gallery as WebGallery
from bot.adapters.web.chat import Core, WebChat
from bot.adapters.web.messages import owner
from bot.adapters.web.options import options_for
from bot.adapters.web.server import CannotListen, WebServer
from bot.batching import Batching
from bot.clock import Clock, SystemClock
from bot.commands import Command
from bot.databases import store_at
from bot.delivery import Delivery, Surface
from bot.dispatcher import Dispatcher
from bot.elsewhere import generator_elsewhere
from bot.estimate import Estimate
from bot.examples import examples, sampler
from bot.flight import Painter
from bot.gallery import Gallery
from bot.logs import set_up_logs
from bot.lora_cache import LoraCache
from bot.lora_fetch import FetchRules, LoraFetcher, Sources
from bot.loras import Loras
from bot.options import Defaults
from bot.outgoing import Outgoing
from bot.people import People
from bot.picture_places import pictures_at, sweep_after_seconds
from bot.places import Places
from bot.rate_limit import OwnRates, Rate, RateLimit, Rates, SharedRates
from bot.relay import Relay
from bot.service import Service
from bot.settings import Settings
from bot.styles import BadStyles, Styles, read_styles
from bot.sweeper import Keep, Sweeper
from bot.tally import ErrorCounter, Tally
from bot.trouble import Trouble
from bot.updates import Answer, Update
from bot.uploads import UploadDesk
from bot.version import version
from bot.words import BadWords, Words, read_words
from generator.child import GeneratorChild
from generator.layers import layers_for
from generator.loras import FETCHED, Shelf, shelf_for
from generator.messages import Health
from generator.models import Model, model_for
from storage.folder_lock import FolderLock
from storage.pictures import Pictures
from storage.records import Limits, Post
from storage.sql.store import SqlStore
from storage.store import StorageError
from storage.uploads import UploadLimits

if TYPE_CHECKING:
    from bot.adapters.discord.front import DiscordFront
    from bot.adapters.telegram.front import TelegramFront
    from bot.tracing import Tracing

SECRET_BYTES = 24
MOST_OPEN = 65_536  # files and sockets

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


def serve(settings: Settings, painter: PainterProcess | None = None) -> int:
    """Run until a signal; return the exit code. Raises Trouble or StorageError when it cannot start.

    `painter` takes the place of the generator's process, for the benchmark.
    """
    set_up_logs(settings.log_level, settings.log_format)
    _allow_connections()
    with FolderLock(settings.data):
        return asyncio.run(_live(settings, painter))


def _allow_connections() -> None:
    """Let the process have as many open sockets as the machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = MOST_OPEN if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN)
    if soft < wished:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))


async def _live(settings: Settings, painter: PainterProcess | None = None) -> int:
    bot = assemble(settings, painter)
    try:
        await bot.store.open()
        await bot.people.open()
        await bot.places.open()
        await bot.run(_stop_on_signals(bot.child.kill))
    except ExceptionGroup:  # what no part could handle ends here: logged once, all the others stop
        log.exception("a part of Pinxit crashed, so all of it stops")
        return 1
    finally:
        bot.web.close()
        await bot.child.stop()
        await bot.store.close()
        if bot.tracing is not None:
            await asyncio.to_thread(bot.tracing.close)
    return 0


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


def assemble(settings: Settings, painter: PainterProcess | None = None) -> Bot:
    """Put the parts together and take the port. Raises Trouble when it cannot be had."""
    clock, dice, model = SystemClock(), random.SystemRandom(), model_for(settings.model)
    store, folder = store_at(settings), pictures_at(settings)
    styles, words = _lists(settings)
    people, places = People(store), Places(store, words)
    shelf = shelf_for(settings.model, settings.loras)
    estimate, rates = Estimate(store, model), rates_of(store, clock)
    tracing = tracing_to(settings.otlp_endpoint)
    tally = Tally(tracing.shown if tracing else None)
    logging.getLogger().addHandler(ErrorCounter(tally))
    gallery = Gallery(store, folder, lambda: secrets.token_urlsafe(SECRET_BYTES))
    child = painter or painter_for(settings)

    async def answer(command: Command) -> Answer:  # the chat shows and asks: one of the two must come first
        answered = await service.answer(command)
        tally.answered(command.by.identity.platform, answered)
        return answered

    def push(post: Post, update: Update) -> None:
        delivery.push(post, update)

    chat = WebChat(
        Core(
            answer=answer,
            health=lambda: child.health,
            options=partial(options_for, model, settings.max_count, shelf),
            examples=partial(examples, settings.model),
            sampler=sampler(settings.model),
        )
    )
    discord = discord_front(settings, store, folder, answer, people, places, styles, shelf, model)
    api_surface = ApiSurface()
    telegram = telegram_front(settings, store, folder, answer, push, people, places)
    chats = [front.surface for front in (discord, telegram) if front is not None]
    surfaces: list[Surface] = [chat, api_surface, *chats]
    delivery = Delivery(store=store, surfaces=surfaces, clock=clock, tally=tally)
    dispatcher = Dispatcher(
        store=store,
        painter=child,
        gallery=gallery,
        delivery=delivery,
        estimate=estimate,
        clock=clock,
        lease=secrets.token_hex(8),
        dice=dice,
        batching=Batching(settings.batch_pixels),
    )
    relay = Relay(store, delivery, clock)
    dispatcher.seen_elsewhere = relay.seen
    files = UploadDesk(store.uploads, gallery, clock, upload_limits(settings))
    outgoing = Outgoing(settings.fetch_allowed)
    service = Service(
        store=store,
        dispatcher=dispatcher,
        delivery=delivery,
        gallery=gallery,
        estimate=estimate,
        clock=clock,
        model=model,
        limits=limits(settings),
        rate_limit=rate_limit(settings, rates),
        dice=dice,
        defaults=Defaults(max_count=settings.max_count, styles=styles, loras=shelf),
        people=people,
        places=places,
        loras=loras_for(settings, shelf, files, outgoing, clock),
    )
    api_core = _api_core(
        settings,
        store,
        folder,
        files,
        outgoing,
        answer,
        lambda: child.health,
        clock,
        model,
        tally,
        rates,
        delivery,
    )
    api = parts_of(api_core, api_surface)
    relay.learn_again = {"people": people.open, "places": places.open, "webhook": api.webhooks.look}

    async def started(sha256: str) -> bool:
        account = await people.account(owner(settings.language))
        return await store.starts.find(account, sha256) is not None

    pictures = WebGallery(picture=store.picture, kept=folder.kept, started=started)
    web = _web_server(settings, chat, pictures, api)
    return Bot(
        store=store,
        people=people,
        places=places,
        gallery=gallery,
        sweep_after_seconds=sweep_after_seconds(settings),
        child=child,
        delivery=delivery,
        dispatcher=dispatcher,
        relay=relay,
        web=web,
        api=api,
        sweeper=Sweeper(store, gallery, files, clock, keep(settings)),
        discord=discord,
        telegram=telegram,
        tracing=tracing,
    )


def painter_for(settings: Settings) -> PainterProcess:
    """Return the generator elsewhere that is set, or a process of our own."""
    return generator_elsewhere(settings) or GeneratorChild(
        settings.model,
        settings.data / "generator.sock",
        settings.threads,
        settings.generator_log,
        settings.loras,
        settings.choices,
    )


def discord_front(  # noqa: PLR0913, PLR0917 - the parts it speaks to
    settings: Settings,
    store: SqlStore,
    folder: Pictures,
    answer: Callable[[Command], Awaitable[Answer]],
    people: People,
    places: Places,
    styles: Styles,
    shelf: Shelf,
    model: Model,
) -> "DiscordFront | None":
    """Return what lives on Discord, or None without a token; discord.py is loaded only with one."""
    if settings.discord_token is None:
        return None
    from bot.adapters.discord.core import Account, Core  # noqa: PLC0415 - costs 0.2 s and 9 MB
    from bot.adapters.discord.front import DiscordFront  # noqa: PLC0415 - the same

    core = Core(
        answer=answer,
        read=folder.read,
        post=store.post,
        preferences=people.preferences,
        rules=places.rules,
        now=time.time,
        styles=styles,
        loras=shelf,
        model=model,
        most_pictures=settings.max_count,
        public_url=settings.public_url,
    )
    account = Account(
        token=settings.discord_token.get_secret_value(),
        api_url=settings.discord_api_url,
        guilds=settings.discord_guilds,
        synced=settings.discord_commands,
        journal=settings.discord_journal,
        trusted=settings.discord_trusted_guilds,
        shards=settings.discord_shard_numbers,
    )
    return DiscordFront(core, account)


def _lists(settings: Settings) -> tuple[Styles, Words]:
    try:
        return read_styles(settings.styles), read_words(settings.words)
    except (BadStyles, BadWords) as error:
        raise Trouble(str(error)) from None


def telegram_front(  # noqa: PLR0913, PLR0917 - the parts it speaks to
    settings: Settings,
    store: SqlStore,
    folder: Pictures,
    answer: Callable[[Command], Awaitable[Answer]],
    push: Callable[[Post, Update], None],
    people: People,
    places: Places,
) -> "TelegramFront | None":
    """Return what lives on Telegram, or None without a token; its library is loaded only with one."""
    if settings.telegram_token is None:
        return None
    from bot.adapters.telegram.core import Account, Core  # noqa: PLC0415 - costs 0.3 s and 20 MB
    from bot.adapters.telegram.front import TelegramFront  # noqa: PLC0415 - the same

    core = Core(
        answer=answer,
        read=folder.read,
        post=store.post,
        move_post=store.move_post,
        push=push,
        now=time.time,
        preferences=people.preferences,
        rules=places.rules,
    )
    account = Account(
        token=settings.telegram_token.get_secret_value(),
        api_url=settings.telegram_api_url,
        ratios=tuple(model_for(settings.model).aspects),
        most_pictures=settings.max_count,
        admins=settings.telegram_administrators,
        stage=settings.telegram_staging_chat,
        packs=settings.telegram_offers,
        plain=settings.telegram_plain_text,
        webhook=settings.telegram_webhook,
    )
    front = TelegramFront(core, account)
    front.lead = store.company.lead
    return front


def tracing_to(endpoint: str | None) -> "Tracing | None":
    """Return what sends traces, None without an endpoint; its library is loaded only with one."""
    if endpoint is None:
        return None
    try:
        from bot.tracing import Tracing  # noqa: PLC0415 - costs 0.6 s
    except ImportError:
        raise Trouble("PINXIT_OTLP_ENDPOINT needs the extra `pinxit[traces]`; install it.") from None
    return Tracing(endpoint)


def limits(settings: Settings) -> Limits:
    """Return the caps and the allowance that are set."""
    return Limits(
        per_account=settings.max_waiting,
        whole_queue=settings.max_queue,
        daily_allowance=settings.daily_allowance,
    )


def rates_of(store: SqlStore, clock: SystemClock) -> Rates:
    """Return what counts: bots that share a database count together."""
    return SharedRates(store, clock) if store.company.shared else OwnRates()


def rate_limit(settings: Settings, rates: Rates) -> RateLimit:
    """Return the two rates that are set."""
    each = Rate(per_minute=settings.rate_per_minute, burst=settings.rate_burst)
    everybody = Rate(per_minute=settings.global_rate_per_minute, burst=settings.global_rate_burst)
    return RateLimit(each, everybody, rates)


def keep(settings: Settings) -> Keep:
    """Return for how long things are kept."""
    return Keep(uploads_days=settings.keep_uploads_days, pictures_days=settings.keep_pictures_days)


def upload_limits(settings: Settings) -> UploadLimits:
    """Return what one account may have lying here."""
    return UploadLimits(
        files=settings.upload_count,
        bytes=settings.uploads_mib << 20,
        bytes_each=settings.upload_mib << 20,
    )


def loras_for(settings: Settings, shelf: Shelf, files: UploadDesk, outgoing: Outgoing, clock: Clock) -> Loras:
    """Return what looks after the LoRAs of orders, as the owner has set it."""
    layers = layers_for(settings.model)
    cache = LoraCache(settings.loras / FETCHED, settings.lora_cache_mib << 20)
    rules = FetchRules(
        sources=Sources(settings.lora_sources),
        hosts=settings.lora_hosts_allowed,
        most_bytes=settings.lora_mib << 20,
    )
    return Loras(shelf, layers, LoraFetcher(cache, layers, outgoing, clock, rules), files)


def _api_core(  # noqa: PLR0913, PLR0917 - the parts it speaks to
    settings: Settings,
    store: SqlStore,
    folder: Pictures,
    files: UploadDesk,
    outgoing: Outgoing,
    answer: Callable[[Command], Awaitable[Answer]],
    health: Callable[[], Health],
    clock: Clock,
    model: Model,
    tally: Tally,
    rates: Rates,
    delivery: Delivery,
) -> ApiCore:
    return ApiCore(
        answer=answer,
        health=health,
        post=store.post,
        shown_here=delivery.shows,
        unconfirmed=store.unconfirmed,
        picture=store.picture,
        read=folder.read,
        kept=folder.kept,
        queue_length=store.queue_length,
        keys=store.keys,
        requests=store.requests,
        files=files,
        outbox=store.outbox,
        outgoing=outgoing,
        oversight=store.oversight,
        tally=tally,
        rates=rates,
        clock=clock,
        model=model,
        rules=Rules(
            public_url=settings.public_url,
            rate=Rate(per_minute=settings.api_rate_per_minute, burst=settings.api_rate_burst),
            version=version(),
            origins=settings.origins,
            gpu_hour_cost=settings.gpu_hour_cost,
        ),
    )


def _load_api(parts: Parts) -> ASGIApp:
    from bot.adapters.api.app import api_app  # noqa: PLC0415 - costs 0.8 s and 30 MB

    app = api_app(parts)
    # What libraries made stays, and a thousand open streams are 300 000 objects: a look through all of
    # them stops everything for up to 0.3 s, so it comes seldom.
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    return app


def _web_server(settings: Settings, chat: WebChat, gallery: WebGallery, api: Parts) -> WebServer:
    password = settings.password.get_secret_value() if settings.password else None
    door = Door(host=settings.host, names=settings.server_names, password=password)
    try:
        app = Entrance(web_app(chat, gallery, door), partial(_load_api, api))
        return WebServer(app, chat, settings.host, settings.port, settings.proxies)
    except CannotListen as error:
        raise Trouble(str(error)) from None


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


def _stop_on_signals(kill_child: Callable[[], None]) -> asyncio.Event:
    """Return an event that the first SIGINT or SIGTERM sets; the second ends the process at once."""
    stop = asyncio.Event()

    def stop_or_end(number: int) -> None:
        if stop.is_set():
            kill_child()
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_or_end, number)
    return stop
