"""A generator process for one command, without a server: started, waited for, asked, stopped."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from bot.settings import Settings
from bot.trouble import Trouble
from generator.child import GeneratorChild
from generator.client import GeneratorClient, Lost, NotReached
from generator.messages import Event, Failed, Fault, Finished, Generate, Loading, Order, Ready, Unusable
from generator.models import model_for
from generator.recipe import Recipe

LOOK_SECONDS = 0.05  # between two looks at how far loading is

FAULTS = {
    Fault.OUT_OF_MEMORY: "There is too little memory for this picture; try a smaller one.",
    Fault.BROKEN_PICTURE: "The model painted something that is no picture; try another seed.",
    Fault.INTERNAL: "The painter failed because of a bug; its log says where.",
    Fault.POISON: "The painter died again and again under this picture.",
    Fault.PAINTER_GONE: "The painter cannot be reached.",
}


@asynccontextmanager
async def own_generator(
    settings: Settings, loading: Callable[[float], None] = lambda fraction: None
) -> AsyncIterator[GeneratorClient]:
    """Yield a client of a generator that is ready; `loading` hears how far it is. Raises Trouble.

    The process and its socket are gone afterwards, however the command ends.
    """
    with TemporaryDirectory(prefix="pinxit-") as folder:
        child = GeneratorChild(settings.model, Path(folder, "generator.sock"), settings.threads, None)
        supervising = asyncio.create_task(child.run())
        try:
            await _ready(child, supervising, loading)
            yield child.client
        finally:
            await child.stop()
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)


async def _ready(
    child: GeneratorChild, supervising: asyncio.Task[None], loading: Callable[[float], None]
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
    raise Trouble(FAULTS[Fault.PAINTER_GONE])


async def events_of(client: GeneratorClient, order: Order) -> AsyncIterator[Event]:
    """Yield what happens to one order. Raises Trouble where it ends without a picture."""
    try:
        async for event in client.generate(Generate(orders=(order,), previews=False)):
            if isinstance(event, Failed):
                raise Trouble(FAULTS[event.fault])
            yield event
    except (NotReached, Lost):
        raise Trouble(FAULTS[Fault.PAINTER_GONE]) from None


async def test_picture(settings: Settings) -> float:
    """Paint one step at the model's default size; return the seconds it took. Raises Trouble."""
    model = model_for(settings.model)
    width, height = model.size
    recipe = Recipe(prompt="a red circle", model=model.name, width=width, height=height, steps=1, seed=1)
    async with own_generator(settings) as client:
        began = time.monotonic()
        async for event in events_of(client, Order(id="test", recipe=recipe)):
            if isinstance(event, Finished):
                return time.monotonic() - began
    raise Trouble(FAULTS[Fault.PAINTER_GONE])
