"""The password in front of the web chat: comparing it, slowing down guesses, and the signed cookie.

No HTTP: the clock comes in as an argument.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

COOKIE = "pinxit_session"
SESSION_SECONDS = 30 * 24 * 3600
BURST = 5  # wrong passwords at once…
PAUSE_SECONDS = 10.0  # …then one in this time
# Signing with a slow hash of the password keeps sessions over a restart, ends them when the password
# changes, and leaves little to guess from a stolen cookie.
SALT = b"pinxit web session 1"


@dataclass(frozen=True, slots=True)
class Opened:
    """The password was right; `cookie` proves it from now on."""

    cookie: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """It was not the password."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong ones: nothing was compared. Whole seconds, rounded up."""

    seconds: int


Try = Opened | Wrong | Wait


@dataclass(slots=True)
class Lock:
    """One password for one person. Guesses are slowed down for everybody alike, which no proxy hides."""

    password: str = field(repr=False)
    _secret: bytes = field(init=False, repr=False)
    _busy_until: float = 0.0

    def __post_init__(self) -> None:
        self._secret = hashlib.scrypt(self.password.encode(), salt=SALT, n=2**14, r=8, p=1, dklen=32)

    def attempt(self, password: str, now: float) -> Try:
        """Compare a password in constant time."""
        wait = self._busy_until - now - (BURST - 1) * PAUSE_SECONDS
        if wait > 0:
            return Wait(int(-(-wait // 1)))
        if hmac.compare_digest(_digest(password), _digest(self.password)):
            return Opened(self._signed(int(now + SESSION_SECONDS)))
        self._busy_until = max(self._busy_until, now) + PAUSE_SECONDS
        return Wrong()

    def accepts(self, cookie: str | None, now: float) -> bool:
        """Say whether a cookie is one of ours and still good."""
        if cookie is None or len(cookie) > 200:  # noqa: PLR2004 - ours have 75 characters
            return False
        ends = cookie.partition(".")[0]
        if not (ends.isascii() and ends.isdigit() and len(ends) <= 12):  # noqa: PLR2004 - seconds since 1970
            return False
        good = hmac.compare_digest(cookie.encode(), self._signed(int(ends)).encode())
        return good and now < int(ends)

    def _signed(self, ends: int) -> str:
        mac = hmac.new(self._secret, str(ends).encode(), "sha256").hexdigest()
        return f"{ends}.{mac}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
