"""Connections that are closed when a client takes too long, or too much room, to say what it wants."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0  # from the connection, or a request's first byte, to the end of its headers
LARGEST_HEAD = 64 << 10  # bytes of headers


class GuardedProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP with a limit on the time and size of a request's head."""

    head_seconds = HEAD_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._closing_at: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to wait for the end of the headers."""
        super().on_message_begin()
        self._head_bytes = 0
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        """Take in a part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let the request take its time from here on."""
        self._expect_nothing()
        if self._head_bytes <= LARGEST_HEAD:
            super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > LARGEST_HEAD:
            self.transport.close()

    def _expect_head(self) -> None:
        self._expect_nothing()
        self._closing_at = asyncio.get_running_loop().call_later(self.head_seconds, self.transport.close)

    def _expect_nothing(self) -> None:
        if self._closing_at is not None:
            self._closing_at.cancel()
            self._closing_at = None
