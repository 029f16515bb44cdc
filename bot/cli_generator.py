"""A generator process for one command, without a server: started, waited for, asked, stopped."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from bot.settings import Settings
from bot.texts import describe
from bot.trouble import Trouble
from generator.child import GeneratorChild
from generator.client import GeneratorClient, Lost, NotReached
from generator.messages import Event, Failed, Fault, Finished, Generate, Loading, Order, Ready, Unusable
from generator.models import model_for
from generator.recipe import Recipe

LOOK_SECONDS = 0.05  # between two looks at how far loading is


def _silent(fraction: float) -> None:
    """Hear how far loading is, and say nothing."""


@asynccontextmanager
async def own_generator(
    settings: Settings, loading: Callable[[float], None] = _silent
) -> AsyncIterator[GeneratorClient]:
    """Yield a client of a generator that is ready; `loading` hears how far it is. Raises Trouble.

    The process and its socket are gone afterwards, however the command ends.
    """
    with TemporaryDirectory(prefix="pinxit-") as folder:
        printed = None if settings.log_level == "debug" else Path(folder, "generator.log")
        socket = Path(folder, "generator.sock")
        child = GeneratorChild(settings.model, socket, settings.threads, printed, settings.loras)
        supervising = asyncio.create_task(child.run())
        try:
            await _ready(child, supervising, loading, settings.language)
            yield child.client
        finally:
            await child.stop()
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)


async def _ready(
    child: GeneratorChild, supervising: asyncio.Task[None], loading: Callable[[float], None], language: str
) -> None:
    while not supervising.done():
        match child.health:
            case Ready():
                return
            case Loading(fraction):
                loading(fraction)
            case Unusable(reason):
                raise Trouble(reason)
            case _:
                assert_never(child.health)
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
    async with own_generator(settings) as client:
        began = time.monotonic()
        async for event in events_of(client, (Order(id="test", recipe=recipe),), settings.language):
            if isinstance(event, Finished):
                return time.monotonic() - began
    raise Trouble(describe(Fault.PAINTER_GONE, settings.language))
