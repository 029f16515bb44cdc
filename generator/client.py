"""The bot's end of the generator: HTTP over a Unix socket or the network, frames in, events out."""

import hashlib
import io
import logging
import os
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp

from generator.address import ON_SOCKET
from generator.frames import (
    MAX_HEAD,
    BadFrame,
    EventDecoder,
    decode_health,
    encode_generate,
)
from generator.messages import Begun, End, Event, Failed, Fault, Generate, Health, Unusable

CONNECT_SECONDS = 5.0
HEALTH_SECONDS = 10.0
BAD_REQUEST = 400
UNAUTHORIZED = 401
OK = 200
CHUNK = 2**16
LOCALITY = "serve-multiplexed-model-id"  # the name is Ray's

log = logging.getLogger(__name__)


class NotReached(Exception):
    """No generator took the request: refused, busy, or cut before the first frame. No attempt was spent."""


class Lost(Exception):
    """The stream was cut after the drawing had begun. The attempt counts."""


class GeneratorClient:
    """Speaks to one generator, at a Unix socket or, where `socket` is None, at the base URL itself.

    The URL ends with a slash. Certificates are verified, and nobody can send the secret elsewhere.
    """

    def __init__(self, socket: Path | None, base_url: str = ON_SOCKET, secret: str | None = None) -> None:
        self._socket = socket
        self._base_url = base_url
        self._headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        self._opened: aiohttp.ClientSession | None = None

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Yield what happens, `End` last. Closing this generator stops the work between two steps.

        Raises NotReached or Lost. A request that the generator refuses ends in `Failed` for each order.
        """
        begun = False
        try:
            content = io.BytesIO(encode_generate(request))  # sent piece by piece: pictures are large
            async with self._session().post(
                "generate", data=content, headers=locality(request), allow_redirects=False
            ) as response:
                if response.status == BAD_REQUEST:
                    for event in _refused(request, await _text(response)):
                        yield event
                    return
                async for event in _events(response):
                    begun = begun or isinstance(event, Begun)
                    yield event
        except (aiohttp.ClientError, BadFrame, OSError) as error:
            raise _cut(begun, error) from error

    async def health(self) -> Health:
        """Return the generator's own word on how it is. Raises NotReached."""
        timeout = aiohttp.ClientTimeout(total=HEALTH_SECONDS)
        try:
            async with self._session().get("health", timeout=timeout, allow_redirects=False) as response:
                return await _health(response)
        except (aiohttp.ClientError, BadFrame, OSError) as error:
            raise _cut(False, error) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        """Return the session, which can only be made inside the loop that uses it."""
        if self._opened is None or self._opened.closed:
            socket = self._socket
            connector = aiohttp.UnixConnector(str(socket)) if socket else aiohttp.TCPConnector(limit=0)
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
            self._opened = aiohttp.ClientSession(
                self._base_url, connector=connector, timeout=timeout, headers=self._headers
            )
        return self._opened


def locality(request: Generate) -> dict[str, str]:
    """Return the header that leads a request to a generator where its LoRAs were used lately.

    Whoever balances over several generators may go by it; Ray Serve does.
    """
    names = ",".join(sorted(lora.name for lora in request.orders[0].recipe.worn))
    return {LOCALITY: hashlib.sha256(names.encode()).hexdigest()[:16]} if names else {}


async def _health(response: aiohttp.ClientResponse) -> Health:
    if response.status == UNAUTHORIZED:
        return Unusable("The generator does not know our secret: PINXIT_GENERATOR_SECRET differs there.")
    if response.status != OK:
        raise aiohttp.ClientPayloadError(f"status {response.status}")
    return decode_health(await _content(response))


async def _text(response: aiohttp.ClientResponse) -> str:
    return (await _content(response)).decode(errors="replace")


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """Return the answer's content, or as much of it as anybody honest would send."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        content += chunk
        if len(content) > MAX_HEAD:
            break
    return bytes(content[:MAX_HEAD])


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[Event, None]:
    if response.status != OK:
        raise aiohttp.ClientPayloadError(f"status {response.status}")
    decoder = EventDecoder()
    try:
        async for chunk in response.content.iter_chunked(CHUNK):
            for event in decoder.feed(chunk):
                yield event
                if isinstance(event, End):
                    return
        raise aiohttp.ClientPayloadError("the stream ended without an end")
    finally:
        response.close()  # an unread rest must not keep the generator drawing


def _refused(request: Generate, reason: str) -> list[Event]:
    log.error("the generator refused a request", extra={"reason": reason[:300]})
    return [*(Failed(order.id, Fault.INTERNAL) for order in request.orders), End()]


def _cut(begun: bool, error: Exception) -> NotReached | Lost:
    return (Lost if begun else NotReached)(_why(error))


def _why(error: Exception) -> str:
    """Say it in the system's words, where the system said no."""
    inner = getattr(error, "os_error", error)
    if isinstance(inner, OSError) and not isinstance(inner, ssl.SSLError) and inner.errno:
        return os.strerror(inner.errno) if inner.errno > 0 else str(inner.strerror)  # below: of a name
    return f"{type(error).__name__}: {error}"
