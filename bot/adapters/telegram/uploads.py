"""Finished pictures as Telegram takes them: photos within its rules, everything else as documents."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from telegram import InputFile, InputMediaDocument, InputMediaPhoto

from bot.file_names import ENDINGS, file_name
from storage.records import Job, Picture

Read = Callable[[str], Awaitable[bytes | None]]
Media = InputMediaPhoto | InputMediaDocument

MOST_OF_PHOTO = 10 * 2**20  # bytes
LONGEST_SIDES = 10_000  # width and height together
MOST_STRETCHED = 20  # one side over the other
MOST_IN_ALBUM = 10
MOST_OF_REQUEST = 40 * 2**20  # bytes of all files; Telegram takes somewhat more


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a message: a photo, which Telegram compresses, or a document, which it leaves alone.

    With a `file_id` Telegram has it already.
    """

    name: str
    content: bytes
    document: bool
    file_id: str | None = None

    def file(self, *, attach: bool = False) -> InputFile:
        """Return its bytes for one request."""
        return InputFile(self.content, filename=self.name, attach=attach)

    def media(self, caption: str | None = None, *, spoiler: bool = False) -> Media:
        """Return it for one request."""
        file = self.file_id or self.file(attach=True)
        mode = None if caption is None else "HTML"
        if self.document:
            return InputMediaDocument(
                file, caption=caption, parse_mode=mode, disable_content_type_detection=True
            )
        return InputMediaPhoto(file, caption=caption, parse_mode=mode, has_spoiler=spoiler or None)


def fits_photo(picture: Picture) -> bool:
    """Say whether Telegram takes the picture as a photo."""
    long, short = max(picture.width, picture.height), min(picture.width, picture.height)
    fits = long + short <= LONGEST_SIDES and long <= MOST_STRETCHED * short
    return fits and picture.size_bytes <= MOST_OF_PHOTO


async def uploads_of(job: Job, pictures: Sequence[Picture], read: Read, *, document: bool) -> list[Upload]:
    """Return the pictures, all as photos or all as documents; those whose file is gone are left out."""
    as_is = document or not all(map(fits_photo, pictures))
    contents = await asyncio.gather(*(read(picture.sha256) for picture in pictures))
    there = [
        (picture, content) for picture, content in zip(pictures, contents, strict=True) if content is not None
    ]
    return [Upload(_name(job, picture), content, as_is) for picture, content in there]


def preview(job: Job, jpeg: bytes) -> Upload:
    """Return what a picture is going to be."""
    return Upload(f"preview-{job.id}.jpg", jpeg, document=False)


def albums(uploads: Sequence[Upload]) -> list[list[Upload]]:
    """Cut into albums of two to ten, evenly: eleven are six and five, as Telegram takes no album of one.

    Large files are cut into more albums, as far as that goes: none of them would be taken at once.
    """
    heavy = -(-sum(len(upload.content) for upload in uploads) // MOST_OF_REQUEST)
    number = max(-(-len(uploads) // MOST_IN_ALBUM), min(heavy, len(uploads) // 2))
    bounds = [len(uploads) * place // number for place in range(number + 1)]
    return [list(uploads[start:end]) for start, end in pairwise(bounds)]


def _name(job: Job, picture: Picture) -> str:
    return file_name(job.id, picture.index, ENDINGS[picture.format])
