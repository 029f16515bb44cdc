"""Files that people send: announced, received, found out what they are, handed out, deleted.

They lie in the folder of pictures under their SHA-256. Names and types are hostile text and only ever
shown; what a file is, its first bytes say.
"""

import re
import secrets
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.gallery import Gallery
from storage.media_types import media_type_of
from storage.pictures import Kept
from storage.uploads import Upload, UploadLimits, Uploads

TICKET_SECONDS = 3600.0
SECRET_BYTES = 24
LONGEST_NAME = 100
MOST_AT_ONCE = 64 << 20  # bytes that are being received
NAMELESS = "file"
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


class TooMany(Exception):
    """The account has as much lying here as it may."""


class TooLarge(Exception):
    """More bytes than announced or allowed."""


class NoTicket(Exception):
    """The address to send to is unknown, used, or too old."""


class Crowded(Exception):
    """Too much is being received at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a sender says about a file to come."""

    filename: str | None
    content_type: str
    size: int | None


class UploadDesk:
    """Takes files in and hands them out."""

    def __init__(self, uploads: Uploads, gallery: Gallery, clock: Clock, limits: UploadLimits) -> None:
        self._uploads = uploads
        self._gallery = gallery
        self._clock = clock
        self.limits = limits
        self._receiving = 0

    async def announce(self, account: int, wanted: Sequence[Announcement]) -> list[Upload]:
        """Return the files to be, each with its ticket. Raises TooLarge or TooMany."""
        if any((each.size or 0) > self.limits.bytes_each for each in wanted):
            raise TooLarge
        uploads = [self._announced(account, each) for each in wanted]
        if uploads and not await self._uploads.announce(uploads, self.limits):
            raise TooMany
        return uploads

    def _announced(self, account: int, wanted: Announcement) -> Upload:
        return Upload(
            id=secrets.token_urlsafe(12),
            account=account,
            ticket=secrets.token_urlsafe(SECRET_BYTES),
            secret=secrets.token_urlsafe(SECRET_BYTES),
            filename=named(safe_name(wanted.filename), wanted.content_type),
            announced_type=one_line(wanted.content_type)[:LONGEST_NAME],
            announced_bytes=wanted.size,
            created_at=self._clock.wall(),
        )

    async def receive(self, ticket: str, chunks: AsyncIterator[bytes]) -> Upload:
        """Take the bytes of an announced file. Raises NoTicket, TooLarge, Crowded or StorageError."""
        upload = await self._uploads.by_ticket(ticket)
        if upload is None or upload.sha256 or self._clock.wall() > upload.created_at + TICKET_SECONDS:
            raise NoTicket
        most = self.limits.bytes_each if upload.announced_bytes is None else upload.announced_bytes
        content = bytearray()
        try:
            async for chunk in chunks:
                content += chunk
                self._receiving += len(chunk)
                if len(content) > most:
                    raise TooLarge
                if self._receiving > MOST_AT_ONCE:
                    raise Crowded
            return await self._keep(upload, bytes(content))
        finally:
            self._receiving -= len(content)

    async def _keep(self, upload: Upload, content: bytes) -> Upload:
        async def refer(sha256: str) -> Upload | None:
            return await self._uploads.fill(upload.ticket, media_type_of(content), len(content), sha256)

        kept = await self._gallery.keep_file(content, refer)
        if kept is None:
            raise NoTicket
        return kept

    async def by_secret(self, secret: str) -> Upload | None:
        """Return a file by the secret of its address, once its bytes have come."""
        upload = await self._uploads.by_secret(secret)
        return upload if upload is not None and upload.sha256 is not None else None

    async def kept(self, upload: Upload) -> Kept | None:
        """Say where a file's bytes are to be had from us, None where they are gone."""
        return await self._gallery.kept(upload.sha256) if upload.sha256 is not None else None

    async def read(self, upload: Upload) -> bytes | None:
        """Return a file's bytes, None where they are gone. Raises StorageError."""
        return await self._gallery.read(upload.sha256) if upload.sha256 is not None else None

    async def find(self, account: int, id: str) -> Upload | None:
        """Return a file of an account."""
        return await self._uploads.find(account, id)

    async def remove(self, account: int, ids: Sequence[str]) -> None:
        """Delete files of an account for good."""
        await self._gallery.let_go(lambda: self._uploads.remove(account, ids))

    async def remove_older(self, before: float) -> None:
        """Delete everybody's files that were sent before a time."""
        await self._gallery.let_go(lambda: self._uploads.remove_older(before))


def safe_name(name: str | None) -> str:
    """Return the last part of a path as a name that is harmless in a header and in an address."""
    last = re.split(r"[/\\]", one_line(name or ""))[-1].strip(". ")
    plain = re.sub(r"[^\w.\- ]+", "_", unicodedata.normalize("NFC", last))
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        return plain[:LONGEST_NAME] or NAMELESS
    return f"{stem[: LONGEST_NAME - 12]}.{ending[:10]}"


def named(name: str, announced_type: str) -> str:
    """Return a nameless bitmap's name with the ending of its type: addresses are known by it."""
    ending = ENDINGS.get(announced_type.partition(";")[0].strip().lower())
    return f"{NAMELESS}.{ending}" if name == NAMELESS and ending else name


def one_line(text: str) -> str:
    """Return the text without control characters and the like."""
    return "".join(letter for letter in text if letter.isprintable())
