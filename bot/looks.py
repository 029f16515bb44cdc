"""What a picture looks like, in so few numbers that a copy is recognised: smaller, saved anew.

No library: the 64 bits are the signs of the lowest frequencies of the picture at 32 by 32, which is what
perceptual hashes are, and 64 colours tell apart what has the same shapes. Pillow is loaded when first asked.
"""

import io
import math
import statistics
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIDE, LOW = 32, 8
COLOURS = 8  # by as many
MOST_PIXELS = 9_000_000  # decoded, they must fit beside everything else
FORMATS = ("PNG", "JPEG", "WEBP")
FLAT = 1.0  # grey levels: with less contrast the signs are only noise
COSINES = [
    [math.cos(math.pi * frequency * (2 * at + 1) / (2 * SIDE)) for at in range(SIDE)]
    for frequency in range(LOW)
]


@dataclass(frozen=True, slots=True)
class Look:
    """`bits` is a signed 64-bit number, or None for a picture without contrast; `colours` are RGB bytes."""

    bits: int | None
    colours: bytes


def look_of(content: bytes) -> Look | None:
    """Return what a file looks like, or None where it is no picture that can be looked at. It blocks."""
    from PIL import Image  # noqa: PLC0415 - costs 40 ms and 10 MB

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            opened.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is decoded small
            if opened.width * opened.height > MOST_PIXELS:
                return None
            picture: Image.Image = opened.convert("RGB")
    except Exception:  # noqa: BLE001 - anything may be inside a file from outside, and Pillow raises anything
        return None
    box = Image.Resampling.BOX
    return Look(_bits(picture), picture.resize((COLOURS, COLOURS), box).tobytes())


def colours_apart(one: Look, other: Look) -> float:
    """Return by how much, of 255, the colours of two pictures differ on average."""
    return statistics.fmean(abs(a - b) for a, b in zip(one.colours, other.colours, strict=True))


def _bits(picture: "Image.Image") -> int | None:
    from PIL import Image  # noqa: PLC0415 - as above

    grey = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX).tobytes()
    waves = _lowest_frequencies([grey[row * SIDE : (row + 1) * SIDE] for row in range(SIDE)])
    if max(map(abs, waves[1:])) < FLAT * SIDE:
        return None
    middle = statistics.median(waves[1:])  # the first is the brightness
    number = sum(1 << place for place, wave in enumerate(waves) if wave > middle)
    return number - (1 << 64) if number >> 63 else number


def _lowest_frequencies(rows: list[bytes]) -> list[float]:
    """Return the LOW by LOW corner of the cosine transform."""
    across = [[sum(map(mul, wave, row)) for wave in COSINES] for row in rows]
    down = list(zip(*across, strict=True))
    return [sum(map(mul, wave, column)) for wave in COSINES for column in down]
