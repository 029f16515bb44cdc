"""Serves the web chat inside the bot's own event loop, without touching its signals."""

import asyncio
import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from bot.adapters.web.chat import WebChat
from bot.adapters.web.connections import GuardedProtocol

LARGEST_FRAME = 4_000_000  # bytes; what is larger closes the socket, see messages.LONGEST_MESSAGE
STOP_SECONDS = 3
NO_ADDRESS = "{host} is no address of this machine ({reason}): set PINXIT_HOST to one, such as 127.0.0.1."


class CannotListen(Exception):
    """The address cannot be listened on; `str(error)` is one sentence for the owner."""


class WebServer:
    """Holds the address from its making on; raises CannotListen when it is taken.

    `trusted` are the addresses and networks of proxies whose word on scheme and client counts.
    """

    def __init__(
        self, app: ASGIApp, chat: WebChat, host: str, port: int, trusted: Sequence[str] = ()
    ) -> None:
        self._chat = chat
        self._socket = _bound(host, port)
        self._server = _Quiet(_config(app, trusted))
        self._address = self._socket.getsockname()

    @property
    def port(self) -> int:
        """The port that is listened on, also where 0 was asked for."""
        return int(self._address[1])

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        host = str(self._address[0])
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        return f"http://{shown}:{self.port}"

    async def run(self) -> None:
        """Serve until cancelled; then let pages go within STOP_SECONDS."""
        watching = asyncio.create_task(self._chat.watch())
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            self._server.should_exit = True
            watching.cancel()
            await asyncio.gather(serving, watching, return_exceptions=True)

    def close(self) -> None:
        """Let go of the address without having served."""
        self._socket.close()


class _Quiet(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise CannotListen(NO_ADDRESS.format(host=host, reason=error.strerror)) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise CannotListen(NO_ADDRESS.format(host=host, reason=error.strerror)) from error
        sentence = f"Port {port} on {host} cannot be used ({error.strerror}): set PINXIT_PORT to another one."
        raise CannotListen(sentence) from error
    listener.setblocking(False)
    return listener


def _config(app: ASGIApp, trusted: Sequence[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="websockets-sansio",
        ws_max_size=LARGEST_FRAME,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=list(trusted),
        timeout_graceful_shutdown=STOP_SECONDS,
    )
