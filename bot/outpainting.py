"""A picture on a larger canvas, and the mask of what is new around it. It blocks; loads Pillow when asked."""

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sent_picture import SentPicture, picture_from, png_of
from generator.recipe import MAX_SIDE, MIN_SIDE, SIDE_STEP

if TYPE_CHECKING:
    from PIL import Image

SEAM = 32  # so small a part of the shorter side is painted anew within the picture, to hide where it ends

BAND = 32  # so small a part of it is what its edge looks like


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """How much is added on each side, in parts of the picture's width or height."""

    left: float = 0.0
    right: float = 0.0
    up: float = 0.0
    down: float = 0.0

    def canvas(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of the whole. Where all sides grow it stays: the picture becomes smaller."""
        wide, high = width * (1 + self.left + self.right), height * (1 + self.up + self.down)
        all_around = min(self.left, self.right, self.up, self.down) > 0
        most = width * height if all_around else math.inf
        scale = min(1.0, math.sqrt(most / (wide * high)), MAX_SIDE / max(wide, high))
        return _side(wide * scale), _side(high * scale)

    def box(self, canvas: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return where the picture lies on the canvas: left, top, right, bottom."""
        wide, high = canvas[0] / (1 + self.left + self.right), canvas[1] / (1 + self.up + self.down)
        left, top = round(self.left * wide), round(self.up * high)
        return left, top, min(canvas[0], left + round(wide)), min(canvas[1], top + round(high))


def outpainted(content: bytes, canvas: tuple[int, int], margins: Margins) -> tuple[SentPicture, SentPicture]:
    """Return the canvas, over which the picture's edges are drawn out, and the mask. Raises a Refusal."""
    from PIL import Image  # noqa: PLC0415 - costs 40 ms and 10 MB

    box = margins.box(canvas)
    inner = _opened(picture_from(content)).resize(
        (box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS
    )
    whole = Image.new("RGB", canvas)
    whole.paste(inner, box[:2])
    _draw_out(whole, box)
    return png_of(whole), png_of(_mask(canvas, box))


def _opened(sent: SentPicture) -> "Image.Image":
    from PIL import Image  # noqa: PLC0415 - loaded already

    return Image.open(io.BytesIO(sent.png))


def _draw_out(whole: "Image.Image", box: tuple[int, int, int, int]) -> None:
    """Fill the margins with the picture's edges, evened out: first to the sides, then up and down."""
    from PIL import Image  # noqa: PLC0415 - loaded already

    left, top, right, bottom = box
    width, height = whole.size
    band = max(1, min(right - left, bottom - top) // BAND)
    strips = (
        ((left, top, left + band, bottom), (0, top, left, bottom), (1, bottom - top)),
        ((right - band, top, right, bottom), (right, top, width, bottom), (1, bottom - top)),
        ((0, top, width, top + band), (0, 0, width, top), (width, 1)),
        ((0, bottom - band, width, bottom), (0, bottom, width, height), (width, 1)),
    )
    for edge, margin, line in strips:
        size = margin[2] - margin[0], margin[3] - margin[1]
        if min(size) > 0:
            whole.paste(whole.crop(edge).resize(line, Image.Resampling.BOX).resize(size), margin[:2])


def _mask(canvas: tuple[int, int], box: tuple[int, int, int, int]) -> "Image.Image":
    from PIL import Image  # noqa: PLC0415 - loaded already

    seam = min(canvas) // SEAM
    left, top, right, bottom = box
    kept = (
        left + seam if left else 0,
        top + seam if top else 0,
        right - seam if right < canvas[0] else right,
        bottom - seam if bottom < canvas[1] else bottom,
    )
    mask = Image.new("L", canvas, 255)
    mask.paste(0, kept)
    return mask


def _side(side: float) -> int:
    return min(MAX_SIDE, max(MIN_SIDE, round(side / SIDE_STEP) * SIDE_STEP))
