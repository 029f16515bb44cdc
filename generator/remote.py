"""The bot's end of a generator elsewhere, which others keep alive: asks how it is, again and again."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from generator.address import Address
from generator.client import GeneratorClient, NotReached
from generator.messages import Health, Loading, Ready, Unusable

READY_POLL, OTHER_POLL = 1.0, 0.3
LAPSE_SECONDS = 15.0  # out of reach for so long, it may still answer orders: not reaching it costs nothing
LOST_SECONDS = 300.0

log = logging.getLogger(__name__)


def judged(last: Health, silent_seconds: float, address: str) -> Health:
    """Return what to think of a generator that last said `last`, that long ago."""
    if silent_seconds < LAPSE_SECONDS:
        return last
    if silent_seconds < LOST_SECONDS:
        return Loading(0.0)
    minutes = int(LOST_SECONDS // 60)
    return Unusable(f"The generator at {address} has not been reached for {minutes} minutes.")


class RemoteGenerator:
    """One address, behind which may be many generators. `painters` says how many, else they do."""

    pid = None

    def __init__(
        self,
        address: Address,
        secret: str | None = None,
        painters: int | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._painters = painters
        self._now = now
        self._last: Health = Loading(0.0)
        self._heard_at = now()
        self._stopping = asyncio.Event()
        self.client = GeneratorClient(address.socket, address.url, secret)

    @property
    def health(self) -> Health:
        """How it is, as far as known."""
        return judged(self._last, self._now() - self._heard_at, str(self._address))

    async def run(self) -> None:
        """Keep asking until `stop`."""
        while not self._stopping.is_set():
            await self._ask()
            await self._pause(READY_POLL if isinstance(self._last, Ready) else OTHER_POLL)

    def kill(self) -> None:
        """Do nothing: closing the stream is all that can be done from here; over there they watch too."""
        log.warning("the generator elsewhere is silent", extra={"address": str(self._address)})

    async def stop(self) -> None:
        """End `run` and close the client."""
        self._stopping.set()
        await self.client.close()

    async def _ask(self) -> None:
        try:
            health = await self.client.health()
        except NotReached as error:
            log.debug("generator not reached", extra={"reason": str(error)})
            return
        if isinstance(health, Unusable) and health != self._last:
            log.warning("nothing can be painted", extra={"reason": health.reason})
        if type(health) is not type(self._last):
            log.info("generator elsewhere", extra={"address": str(self._address), "health": str(health)})
        self._heard_at = self._now()
        self._last = self._counted(health)

    def _counted(self, health: Health) -> Health:
        if isinstance(health, Ready) and self._painters is not None:
            return replace(health, painters=self._painters)
        return health

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
