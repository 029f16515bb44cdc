"""Where a generator is: a Unix socket on this machine, or an address of the web. No I/O."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

ON_SOCKET = "http://generator/"  # a socket needs a name too, and it may be any
PRIVATE_ENDINGS = (".local", ".internal", ".lan", ".home.arpa", ".localdomain")


@dataclass(frozen=True, slots=True)
class Address:
    """`url` ends with a slash; what is asked for is added to it."""

    socket: Path | None
    url: str = ON_SOCKET

    def __str__(self) -> str:
        return f"unix:{self.socket}" if self.socket else self.url.removesuffix("/")

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read or change what is said."""
        return self.socket is not None or self.url.startswith("https:")

    @property
    def loopback(self) -> bool:
        """Whether it never leaves this machine."""
        return self.socket is not None or is_loopback(self._host)

    @property
    def private(self) -> bool:
        """Whether it stays in a private network, as far as the address alone tells."""
        return self.socket is not None or _is_private(self._host)

    @property
    def place(self) -> str:
        """Host and port."""
        parts = urlsplit(self.url)
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"

    @property
    def _host(self) -> str:
        return urlsplit(self.url).hostname or ""


def address_of(text: str) -> Address:
    """Read ``unix:/run/pinxit/generator.sock`` or ``https://gpu.example/z``. Raises ValueError."""
    if text.startswith("unix:"):
        return _socket(text.removeprefix("unix:"))
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _is_bare(parts):
        raise ValueError("no address")
    return Address(None, f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/")


def _socket(path: str) -> Address:
    if not path.startswith("/"):
        raise ValueError("no absolute path")
    return Address(Path(path))


def _is_bare(parts: SplitResult) -> bool:
    """Whether there is no name, password, question or anchor in it, and the port is one."""
    named = parts.username is not None or parts.password is not None
    return not (named or parts.query or parts.fragment) and parts.port != 0


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach the address; unknown names count as reachable."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_private(host: str) -> bool:
    """Names without a dot and those of private networks are; other names may lead anywhere."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(PRIVATE_ENDINGS) or ".svc." in f"{host}."
