"""Pictures that recipes start from, as values, and the verbs that keep them. No SQL, and no bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPicture:
    """A picture or a mask that an account may start from; its file lies under `sha256`.

    `sent_by` is the account it came from: another one's where the picture of another's job is started from.
    What an account sent goes with it, for everybody.
    """

    account: int
    sent_by: int
    sha256: str
    width: int
    height: int
    size_bytes: int
    created_at: float


class Starts(Protocol):
    """Every verb is one transaction, like those of Store. An accepted job keeps what it starts from."""

    async def keep(self, start: StartPicture, spare: int) -> Sequence[str]:
        """Keep a picture, or keep it longer; at most so many of the account's that no job needs stay.

        Return the SHA-256 of the contents that went.
        """

    async def find(self, account: int, sha256: str) -> StartPicture | None:
        """Return a picture that the account may start from."""

    async def remove_unused(self, before: float) -> Sequence[str]:
        """Forget what was kept before a time and no visible job needs; return as above."""
