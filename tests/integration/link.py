"""A piece of network between a bot and a generator, which can be cut or fall silent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

CHUNK = 2**16


class Link:
    """Passes bytes on, unless it is `silent` (holds them back) or `cut` (closes and lets nobody in)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it begins."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Let people in."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)

    def silence(self) -> None:
        """Hold back all that is said, as a network does that has lost its way."""
        self._flows.clear()

    def cut(self) -> None:
        """End every connection and every new one."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Be as if nothing had been."""
        self._is_cut = False
        self._flows.set()

    async def end(self) -> None:
        """Let go of everything."""
        assert self._server is not None
        self.cut()
        self._server.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if not self._is_cut:
                await self._to_the_other_end(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _to_the_other_end(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._open.add(far_writer)
            ways = [
                asyncio.create_task(self._flow(reader, far_writer)),
                asyncio.create_task(self._flow(far_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            self._open.discard(far_writer)
            far_writer.transport.abort()

    async def _flow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()


@contextlib.asynccontextmanager
async def link_to(port: int) -> AsyncIterator[Link]:
    """A link that leads to a port of this machine."""
    link = Link(port)
    await link.start()
    try:
        yield link
    finally:
        await link.end()
