"""A generator for one command, without a server: one elsewhere, or started, waited for, asked, stopped."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from bot.elsewhere import generator_elsewhere
from bot.settings import Settings
from bot.texts import describe
from bot.trouble import Trouble
from generator.child import GeneratorChild
from generator.client import GeneratorClient, Lost, NotReached
from generator.messages import Event, Failed, Fault, Finished, Generate, Loading, Order, Ready, Unusable
from generator.models import model_for
from generator.recipe import Recipe
from generator.remote import RemoteGenerator

LOOK_SECONDS = 0.05  # between two looks at how far loading is


def _silent(fraction: float) -> None:
    """Hear how far loading is, and say nothing."""


@asynccontextmanager
async def ready_generator(
    settings: Settings, loading: Callable[[float], None] = _silent
) -> AsyncIterator[GeneratorClient]:
    """Yield a client of a generator that is ready; `loading` hears how far it is. Raises Trouble.

    A process started for it and its socket are gone afterwards, however the command ends.
    """
    logging.getLogger("generator").addHandler(logging.NullHandler())  # what is wrong is told by Trouble
    async with AsyncExitStack() as after:
        painter = generator_elsewhere(settings) or _own(settings, after)
        supervising = asyncio.create_task(painter.run())
        try:
            await _ready(painter, supervising, loading, settings.language)
            yield painter.client
        finally:
            await painter.stop()
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)


def _own(settings: Settings, after: AsyncExitStack) -> GeneratorChild:
    folder = after.enter_context(TemporaryDirectory(prefix="pinxit-"))
    printed = None if settings.log_level == "debug" else Path(folder, "generator.log")
    socket = Path(folder, "generator.sock")
    return GeneratorChild(settings.model, socket, settings.threads, printed, settings.loras, settings.choices)


async def _ready(
    painter: GeneratorChild | RemoteGenerator,
    supervising: asyncio.Task[None],
    loading: Callable[[float], None],
    language: str,
) -> None:
    while not supervising.done():
        match painter.health:
            case Ready():
                return
            case Loading(fraction):
                loading(fraction)
            case Unusable(reason):
                raise Trouble(reason)
            case _:
                assert_never(painter.health)
        await asyncio.sleep(LOOK_SECONDS)
    raise Trouble(describe(Fault.PAINTER_GONE, language))


async def events_of(
    client: GeneratorClient, orders: tuple[Order, ...], language: str
) -> AsyncGenerator[Event, None]:
    """Yield what happens to the orders. Raises Trouble where one ends without a picture."""
    try:
        async for event in client.generate(Generate(orders=orders)):
            if isinstance(event, Failed):
                raise Trouble(describe(event.fault, language))
            yield event
    except (NotReached, Lost):
        raise Trouble(describe(Fault.PAINTER_GONE, language)) from None


async def test_picture(settings: Settings) -> float:
    """Paint one step at the model's default size; return the seconds it took. Raises Trouble."""
    model = model_for(settings.model)
    width, height = model.size
    recipe = Recipe(prompt="a red circle", model=model.name, width=width, height=height, steps=1, seed=1)
    async with ready_generator(settings) as client:
        began = time.monotonic()
        async for event in events_of(client, (Order(id="test", recipe=recipe),), settings.language):
            if isinstance(event, Finished):
                return time.monotonic() - began
    raise Trouble(describe(Fault.PAINTER_GONE, settings.language))
