"""The one client for addresses that people gave us: public ones only, judged by the address connected to.

A name is judged when it is given, and again at every connection, by the very address that the socket is
made for: a name that meant something else a moment ago gains nothing. What is sent follows no redirects;
what is fetched follows a few, each judged like the first address.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncGenerator, Collection, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

LONGEST_URL = 2000
ANSWER_SECONDS = 10.0
LOOKUP_SECONDS = 5.0
SILENCE_SECONDS = 30.0  # of a file that is being fetched
MOST_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
CHUNK = 1 << 18
OK = 200
FETCH_HEADERS = {"accept-encoding": "identity"}
ANSWER_READ = 4096  # bytes of an answer that nobody looks at
NAT64 = ipaddress.ip_network("64:ff9b::/96")
PORTS = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(Exception):
    """Nothing is ever sent there. `str(error)` is one sentence for whoever gave it."""


class Unreached(Exception):
    """Nobody answered in time; `str(error)` says what happened, without anything of the other side."""


class TooMuch(Exception):
    """The file is larger than was wanted: `size` bytes at least."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class NotPublic(OSError):
    """The socket would have led into somebody's own network."""


class Outgoing:
    """Sends to public addresses, and to the exact `host:port` that the owner has listed."""

    def __init__(self, allowed: Collection[str] = (), answer_seconds: float = ANSWER_SECONDS) -> None:
        self._allowed = frozenset(name.lower() for name in allowed)
        self._answer_seconds = answer_seconds
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        """Return the client, which closes with the block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def check(self, text: str, *, secure: bool = False) -> None:
        """Raise BadAddress unless something may be sent there, as its name is known now.

        Where it must be `secure`, that is by https, or to what the owner has listed.
        """
        url = read_url(text)
        if secure:
            self._check_secure(url)
        if not self._is_listed(url) and not all(map(is_public, await _addresses(url))):
            raise BadAddress("That address is not public.")

    async def post(self, text: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send, and return the status of the answer. Raises BadAddress or Unreached."""
        url = read_url(text)
        try:
            async with self._session(self._is_listed(url)).post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.content.read(ANSWER_READ)
                return answer.status
        except TimeoutError:
            raise Unreached("no answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreached(_reason(error)) from None

    async def fetch(self, text: str, *, most: int, seconds: float) -> AsyncGenerator[bytes, None]:
        """Yield the pieces of the file at a secure address. Raises BadAddress, Unreached or TooMuch."""
        url = read_url(text)
        timeout = aiohttp.ClientTimeout(
            total=seconds, sock_connect=self._answer_seconds, sock_read=SILENCE_SECONDS
        )
        try:
            for _ in range(1 + MOST_REDIRECTS):
                self._check_secure(url)
                async with self._session(self._is_listed(url)).get(
                    url, headers=FETCH_HEADERS, timeout=timeout, allow_redirects=False
                ) as answer:
                    if answer.status not in REDIRECTS:
                        async for chunk in _pieces(answer, most):
                            yield chunk
                        return
                    url = read_url(str(url.join(URL(answer.headers.get("location", "")))))
        except TimeoutError:
            raise Unreached("no answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreached(_reason(error)) from None
        raise Unreached("it leads from one address to the next")

    def _check_secure(self, url: URL) -> None:
        if url.scheme != "https" and not self._is_listed(url):
            raise BadAddress("The address must begin with https://.")

    def _is_listed(self, url: URL) -> bool:
        return f"{url.host}:{url.port}".lower() in self._allowed

    def _session(self, listed: bool) -> aiohttp.ClientSession:
        if listed not in self._sessions:
            self._sessions[listed] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    socket_factory=None if listed else _public_socket, force_close=True, limit=100
                ),
                timeout=aiohttp.ClientTimeout(total=self._answer_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._sessions[listed]


def read_url(text: str) -> URL:
    """Read an http(s) address as the client will. Raises BadAddress."""
    if len(text) > LONGEST_URL or not text.isprintable() or set(text) & set(' \\"<>^`{|}'):
        raise BadAddress("That is no web address.")
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        raise BadAddress("That is no web address.") from None
    if url.scheme not in PORTS or not url.host or port is None or not 0 < port < 2**16:
        raise BadAddress("The address must begin with http:// or https:// and name a host.")
    if url.user is not None or url.password is not None or "@" in url.authority:
        raise BadAddress("The address must not hold a user or a password.")
    return url


def is_public(address: Address) -> bool:
    """Say whether an address is one of the open Internet, whatever form it is wrapped in."""
    plain = _unwrapped(address)
    own = plain.is_multicast or plain.is_private or plain.is_unspecified or plain.is_reserved
    if isinstance(plain, ipaddress.IPv6Address) and plain.is_site_local:
        return False
    return plain.is_global and not own and not plain.is_link_local and not plain.is_loopback


async def _pieces(answer: aiohttp.ClientResponse, most: int) -> AsyncGenerator[bytes, None]:
    if answer.status != OK:
        raise Unreached(f"the answer was {answer.status}")
    size = answer.content_length or 0
    if size > most:
        raise TooMuch(size)
    size = 0
    async for chunk in answer.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > most:
            raise TooMuch(size)
        yield chunk


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one leads to, by any of the ways there are."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    return inner if inner is not None else address


async def _addresses(url: URL) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise BadAddress("That host is not known.") from None
    return [_address(entry[4]) for entry in found]


def _address(at: tuple[Any, ...]) -> Address:
    return ipaddress.ip_address(str(at[0]).partition("%")[0])


def _public_socket(entry: tuple[Any, ...]) -> socket.socket:
    """Make the socket of a connection, where the address it is for is public."""
    family, kind, proto, _, at = entry
    if not is_public(_address(at)):
        raise NotPublic("not a public address")
    return socket.socket(family, kind, proto)


def _reason(error: Exception) -> str:
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, NotPublic):
            return "not a public address"
        inner = inner.__cause__ or getattr(inner, "os_error", None)
    return type(error).__name__
