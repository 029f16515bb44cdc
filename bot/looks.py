"""What a picture looks like, in so few numbers that a copy is recognised: smaller, saved anew, cut a little.

The picture is seen as 8 by 8 cells. A cell is one bit: whether it stands out from the picture's middle tone,
which JPEG, WebP and scaling hardly ever change, in plain drawings and in photographs alike (a perceptual hash
by frequencies loses every sixth of our plain symmetric drawings, because most of its signs are noise there).
The tone weighs red over green over blue, so that colours of the same brightness differ. Pillow is loaded when
first asked.
"""

import io
import statistics
from dataclasses import dataclass

CELLS = 8  # by as many
MOST_PIXELS = 9_000_000  # decoded, they must fit beside everything else
FORMATS = ("PNG", "JPEG", "WEBP")
RED, GREEN, BLUE = 4, 2, 1
STANDS_OUT = 3.0  # levels of 255: more than saving anew changes a cell
FEWEST = 4  # brighter cells, or it is the darker ones that count


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
            opened.draft("RGB", (8 * CELLS, 8 * CELLS))  # a JPEG is decoded small
            if opened.width * opened.height > MOST_PIXELS:
                return None
            cells = opened.convert("RGB").resize((CELLS, CELLS), Image.Resampling.BOX)
    except Exception:  # noqa: BLE001 - anything may be inside a file from outside, and Pillow raises anything
        return None
    colours = cells.tobytes()
    return Look(_bits(colours), colours)


def colours_apart(one: bytes, other: bytes) -> float:
    """Return by how much, of 255, the colours of two pictures differ on average."""
    return statistics.fmean(abs(a - b) for a, b in zip(one, other, strict=True))


def _bits(colours: bytes) -> int | None:
    reds, greens, blues = colours[::3], colours[1::3], colours[2::3]
    tones = [
        (RED * red + GREEN * green + BLUE * blue) / (RED + GREEN + BLUE)
        for red, green, blue in zip(reds, greens, blues, strict=True)
    ]
    middle = statistics.median(tones)
    brighter = [tone > middle + STANDS_OUT for tone in tones]
    darker = [tone < middle - STANDS_OUT for tone in tones]
    chosen = brighter if sum(brighter) >= FEWEST else darker
    if not any(chosen):
        return None
    number = sum(1 << place for place, stands_out in enumerate(chosen) if stands_out)
    return number - (1 << 64) if number >> 63 else number
