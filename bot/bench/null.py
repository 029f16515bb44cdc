"""Pinxit with a painter that paints nothing, so that a benchmark measures the rest. Not for people."""

import asyncio
import sys
from collections.abc import AsyncGenerator

from bot.cli.run import serve
from bot.settings import read_settings
from generator.messages import Begun, End, Event, Finished, Generate, Health, Ready, StepDone

STEP_SECONDS = 0.02
FILE = b"\x89PNG\r\n\x1a\n"


class NullPainter:
    """Takes its time for every step and answers with files that hold nothing."""

    pid = None

    def __init__(self) -> None:
        self.health: Health = Ready("embedded")
        self._card = asyncio.Lock()
        self._over = asyncio.Event()

    @property
    def client(self) -> "NullPainter":
        """What takes orders: itself."""
        return self

    async def run(self) -> None:
        """Live until `stop`."""
        await self._over.wait()

    async def stop(self) -> None:
        """Let `run` end."""
        self._over.set()

    def kill(self) -> None:
        """Nothing can hang."""

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Pretend, one request at a time."""
        async with self._card:
            yield Begun()
            steps = request.orders[0].recipe.steps
            for step in range(1, steps + 1):
                await asyncio.sleep(STEP_SECONDS)
                yield StepDone(step, steps)
            for order in request.orders:
                yield Finished(
                    order=order.id,
                    file=FILE + order.id.encode(),
                    format=order.format,
                    width=order.recipe.width,
                    height=order.recipe.height,
                    seconds=steps * STEP_SECONDS,
                )
            yield End()


if __name__ == "__main__":
    sys.exit(serve(read_settings().settings, NullPainter()))
