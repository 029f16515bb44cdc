"""A picture that somebody sends to start from: any bytes in, a plain PNG out, or a Refusal.

Nothing of the file is kept but its pixels: no place, no name of a camera, no comment. It blocks, and takes as
much memory as the picture has pixels: call it in a thread, for one picture at a time. Pillow is loaded when
first asked.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.refusals import (
    NotAPicture,
    PictureDamaged,
    PictureMoves,
    PictureTooHeavy,
    PictureTooLarge,
    PictureTooSmall,
)
from storage.media_types import UNKNOWN_TYPE, media_type_of

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
SEVERAL = "MPO"  # what phones write: a JPEG with more behind it, of which the first is the picture
MOST_BYTES = 32 << 20
MOST_PIXELS = 50_000_000
LEAST_SIDE = 32
LONGEST_SIDE = 2048  # no recipe is larger
PAPER = (255, 255, 255)  # what shows through where a picture is transparent
OPAQUE = 255
PNG_LEVEL = 1
ORIENTATION = 0x0112
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""From EXIF's way of holding the camera to Pillow's numbers for turning and mirroring."""


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A still picture as a PNG of our own: RGB (a mask: grey), upright, no side longer than 2048."""

    png: bytes
    width: int
    height: int


def picture_from(content: bytes) -> SentPicture:
    """Return the picture in a file, on white paper where it is transparent.

    Raises NotAPicture, PictureDamaged, PictureMoves, PictureTooHeavy, PictureTooLarge or PictureTooSmall.
    """
    return _taken(content, _on_paper)


def mask_from(content: bytes) -> SentPicture:
    """Return a mask, white where a picture is to be drawn anew. Raises as `picture_from` does.

    In a file with transparent parts these are what is to be drawn anew, else the bright ones are.
    """
    return _taken(content, _to_be_drawn)


def _taken(content: bytes, flattened: "Callable[[Image.Image], Image.Image]") -> SentPicture:
    with _opened(content) as opened:
        try:
            _check(opened)
            picture = _turned(flattened(_small(opened)), opened)
        except (PictureMoves, PictureTooLarge, PictureTooSmall):
            raise
        except Exception as error:  # Pillow raises anything over a damaged file
            raise PictureDamaged from error
    return png_of(picture)


def _opened(content: bytes) -> "Image.Image":
    from PIL import Image  # noqa: PLC0415 - costs 40 ms and 10 MB

    if len(content) > MOST_BYTES:
        raise PictureTooHeavy(limit=MOST_BYTES >> 20)
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLarge(limit=MOST_PIXELS // 10**6) from error
    except Exception as error:  # anything may be inside a file from outside
        raise (NotAPicture if media_type_of(content) == UNKNOWN_TYPE else PictureDamaged) from error


def _check(opened: "Image.Image") -> None:
    """Look at what the file says of itself, before anything is decoded."""
    if opened.width * opened.height > MOST_PIXELS:
        raise PictureTooLarge(limit=MOST_PIXELS // 10**6)
    if min(opened.size) < LEAST_SIDE:
        raise PictureTooSmall(size=f"{opened.width}×{opened.height}", least=LEAST_SIDE)
    if opened.format != SEVERAL and getattr(opened, "is_animated", False):
        raise PictureMoves


def _small(opened: "Image.Image") -> "Image.Image":
    """Decode, with eight bits for each of grey or red, green and blue, and perhaps transparency."""
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded smaller
    opened.load()
    picture = opened.convert(_eight_bits(opened)) if opened.mode[0] != "I" else _from_sixteen(opened)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture


def _eight_bits(opened: "Image.Image") -> str:
    return "RGBA" if opened.has_transparency_data else "RGB"


def _from_sixteen(opened: "Image.Image") -> "Image.Image":
    return opened.point(lambda level: level * (1 / 256)).convert("L").convert("RGB")


def _turned(picture: "Image.Image", opened: "Image.Image") -> "Image.Image":
    from PIL import Image  # noqa: PLC0415 - loaded already

    try:
        turn = TURNS.get(opened.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - what only describes the picture may be damaged
        turn = None
    return picture if turn is None else picture.transpose(Image.Transpose(turn))


def _on_paper(picture: "Image.Image") -> "Image.Image":
    from PIL import Image  # noqa: PLC0415 - loaded already

    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGBA", picture.size, PAPER)
    return Image.alpha_composite(paper, picture).convert("RGB")


def _to_be_drawn(picture: "Image.Image") -> "Image.Image":
    if picture.mode == "RGBA":
        alpha = picture.getchannel("A")
        if min(alpha.tobytes()) < OPAQUE:
            return alpha.point(lambda level: OPAQUE - level)
    return picture.convert("L")


def png_of(picture: "Image.Image") -> SentPicture:
    """Return the picture as a file that is kept."""
    file = io.BytesIO()
    picture.info.clear()
    picture.save(file, "png", compress_level=PNG_LEVEL)
    return SentPicture(file.getvalue(), picture.width, picture.height)
