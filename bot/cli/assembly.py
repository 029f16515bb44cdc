"""Puts the parts together, as the settings say."""

import gc
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial

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
from bot.cli.fronts import discord_front, telegram_front
from bot.cli.heart import gallery_of, heart_of
from bot.cli.living import Bot, PainterProcess
from bot.clock import Clock, SystemClock
from bot.commands import Command
from bot.databases import store_at
from bot.delivery import Delivery, Surface
from bot.elsewhere import generator_elsewhere
from bot.examples import examples, sampler
from bot.from_settings import keep, limits, lists, loras_for, rate_limit, rates_of, tracing_to, upload_limits
from bot.onlooking import Onlooking
from bot.options import Defaults
from bot.outgoing import Outgoing
from bot.people import People
from bot.picture_places import pictures_at, sweep_after_seconds
from bot.places import Places
from bot.rate_limit import Rate, Rates
from bot.relay import Relay
from bot.settings import Settings
from bot.sweeper import Sweeper
from bot.tally import ErrorCounter, Tally
from bot.trouble import Trouble
from bot.updates import Answer, Update
from bot.uploads import UploadDesk
from bot.version import version
from generator.child import GeneratorChild
from generator.loras import shelf_for
from generator.messages import Health
from generator.models import Model, model_for
from storage.pictures import Pictures
from storage.records import Post
from storage.sql.store import SqlStore


def assemble(settings: Settings, painter: PainterProcess | None = None) -> Bot:
    """Put the parts together and take the port. Raises Trouble when it cannot be had."""
    clock, dice, model = SystemClock(), random.SystemRandom(), model_for(settings.model)
    store, folder = store_at(settings), pictures_at(settings)
    styles, words = lists(settings)
    people, places = People(store), Places(store, words)
    shelf = shelf_for(settings.model, settings.loras)
    rates = rates_of(store, clock)
    tracing = tracing_to(settings.otlp_endpoint)
    tally = Tally(tracing.shown if tracing else None)
    logging.getLogger().addHandler(ErrorCounter(tally))
    gallery = gallery_of(store, folder)
    child = painter or painter_for(settings)

    async def answer(command: Command) -> Answer:  # the chat shows and asks: one of the two must come first
        answered = await heart.service.answer(command)
        tally.answered(command.by.identity.platform, answered)
        onlooking.answered(command, answered)
        return answered

    def push(post: Post, update: Update) -> None:
        heart.delivery.push(post, update)

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
    files = UploadDesk(store.uploads, gallery, clock, upload_limits(settings))
    outgoing = Outgoing(settings.fetch_allowed)
    heart = heart_of(
        store=store,
        gallery=gallery,
        painter=child,
        surfaces=surfaces,
        model=model,
        limits=limits(settings),
        rate_limit=rate_limit(settings, rates),
        clock=clock,
        dice=dice,
        batching=Batching(settings.batch_pixels),
        tally=tally,
        defaults=Defaults(max_count=settings.max_count, styles=styles, loras=shelf),
        people=people,
        places=places,
        loras=loras_for(settings, shelf, files, outgoing, clock),
    )
    relay = Relay(store, heart.delivery, clock)
    heart.dispatcher.seen_elsewhere = relay.seen
    onlooking = Onlooking(
        store=store,
        people=people,
        delivery=heart.delivery,
        relay=relay,
        onlooker=chat,
        clock=clock,
        answer=answer,
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
        heart.delivery,
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
        delivery=heart.delivery,
        dispatcher=heart.dispatcher,
        relay=relay,
        onlooking=onlooking,
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
