"""Files that people sent, as values, and the verbs that keep them. No SQL, and no bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was announced; with `sha256`, `media_type` and `size_bytes` once its bytes came.

    `ticket` and `secret` are the unguessable parts of the addresses to send and to fetch it. `filename`
    and `announced_type` are what the sender said; `media_type` is what the bytes are.
    """

    id: str
    account: int
    ticket: str
    secret: str
    filename: str
    announced_type: str
    announced_bytes: int | None
    created_at: float
    media_type: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What one account may have lying here, and one file may be."""

    files: int
    bytes: int
    bytes_each: int


class Uploads(Protocol):
    """Every verb is one transaction, like those of Store."""

    async def announce(self, uploads: Sequence[Upload], limits: UploadLimits) -> bool:
        """Keep the announcements of one account, all or none; False where they are too many."""

    async def fill(self, ticket: str, media_type: str, size_bytes: int, sha256: str) -> Upload | None:
        """The bytes came. None for an unknown ticket, or one that was used."""

    async def by_ticket(self, ticket: str) -> Upload | None:
        """Return what is to be sent with this ticket."""

    async def by_secret(self, secret: str) -> Upload | None:
        """Return the file behind an address."""

    async def find(self, account: int, id: str) -> Upload | None:
        """Return a file of an account."""

    async def remove(self, account: int, ids: Sequence[str]) -> Sequence[str]:
        """Forget files; return the SHA-256 of their contents, which something else may need."""

    async def remove_older(self, before: float) -> Sequence[str]:
        """Forget files sent before a time; return as above."""
