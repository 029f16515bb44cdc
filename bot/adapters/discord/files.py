"""Finished pictures as files that Discord takes: named, described, and no larger than it allows.

Encoding happens in a thread; Pillow is loaded when the first picture is too large.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import discord

from bot.adapters.discord.wording import MOST_FILES
from bot.file_names import ENDINGS, file_name
from storage.records import Job, Picture

Read = Callable[[str], Awaitable[bytes | None]]

MOST_OF_REQUEST = 24 * 2**20  # bytes of all files; Discord takes 25 MiB with everything around them
MOST_OF_ALT = 1024
QUALITIES = (90, 80, 65, 50)
SHRINKS = 6  # halvings of the sides before giving up
THUMBNAIL_SIDE = 192


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a message. `alt` is read to people who cannot see it.

    It may be smaller than the picture it is sent `instead_of`.
    """

    name: str
    content: bytes
    alt: str
    instead_of: Picture | None = None

    def file(self, *, spoiler: bool = False) -> discord.File:
        """Return it for one request, covered if it is a spoiler."""
        return discord.File(
            io.BytesIO(self.content),
            filename=self.name,
            description=self.alt[:MOST_OF_ALT] or None,
            spoiler=spoiler,
        )


async def uploads_of(job: Job, pictures: Sequence[Picture], read: Read, limit: int) -> list[Upload]:
    """Return the pictures as files of at most `limit` bytes; those that are gone are left out."""
    chosen = pictures[:MOST_FILES]
    if not chosen:
        return []
    most = min(limit, MOST_OF_REQUEST // len(chosen))

    async def made(picture: Picture) -> Upload | None:
        content = await read(picture.sha256)
        return None if content is None else await asyncio.to_thread(_upload, job, picture, content, most)

    uploads = await asyncio.gather(*map(made, chosen))
    return [upload for upload in uploads if upload is not None]


async def thumbnails(jobs: Sequence[tuple[Job, Picture]], read: Read) -> list[Upload]:
    """Return a small JPEG for each picture that is still there."""

    async def made(job: Job, picture: Picture) -> Upload | None:
        content = await read(picture.sha256)
        return None if content is None else await asyncio.to_thread(_thumbnail, job, picture, content)

    uploads = await asyncio.gather(*(made(job, picture) for job, picture in jobs))
    return [upload for upload in uploads if upload is not None]


def preview(job: Job, index: int, jpeg: bytes) -> Upload:
    """Return what a picture is going to be."""
    return Upload(f"preview-{job.id}-{index + 1}.jpg", jpeg, job.recipe.prompt)


def _upload(job: Job, picture: Picture, content: bytes, most: int) -> Upload:
    alt = job.recipe.prompt
    if len(content) <= most:
        return Upload(file_name(job.id, picture.index, ENDINGS[picture.format]), content, alt)
    return Upload(file_name(job.id, picture.index, "webp"), _smaller(content, most), alt, picture)


def _smaller(content: bytes, most: int) -> bytes:
    """Encode again until it fits: first with less quality, then with shorter sides."""
    from PIL import Image  # noqa: PLC0415 - costs 40 ms and 10 MB, and is seldom needed

    with Image.open(io.BytesIO(content)) as opened:
        image: Image.Image = opened.convert("RGB")
    encoded = b""
    for _ in range(SHRINKS):
        for quality in QUALITIES:
            encoded = _webp(image, quality)
            if len(encoded) <= most:
                return encoded
        image = image.resize((max(1, image.width // 2), max(1, image.height // 2)))
    return encoded


def _webp(image: "Image.Image", quality: int) -> bytes:  # type: ignore[name-defined]  # noqa: F821 - Pillow is loaded late
    target = io.BytesIO()
    image.save(target, "WEBP", quality=quality)
    return target.getvalue()


def _thumbnail(job: Job, picture: Picture, content: bytes) -> Upload | None:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - as above

    try:
        with Image.open(io.BytesIO(content)) as image:
            small = image.convert("RGB")
    except UnidentifiedImageError:
        return None
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=80)
    return Upload(file_name(job.id, picture.index, "jpg"), target.getvalue(), job.recipe.prompt)
