"""Test pictures made by program, from those that pack into nothing to those that hardly pack at all."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from generator.embedded import SAMPLER

FIELDS = ((4, 0.4), (16, 0.3), (64, 0.2), (256, 0.1))  # sides of random fields, and their shares
GRAIN = 2.0  # levels; what a photograph by day has
LETTERS = 18  # pixels
SENTENCE = "Pinxit draws what is asked for, 0123456789. "

Pixels = NDArray[np.float64]


def pictures(side: int) -> Iterator[tuple[str, Image.Image]]:
    """Yield square pictures with what is on them."""
    yield "smooth", _picture(_gradient(side))
    yield "drawing", _drawing(side)
    yield "letters", _letters(side)
    yield "texture", _picture(_texture(side))
    yield "clean photograph", photograph(side, grain=0)
    yield "photograph", photograph(side)
    yield "grainy photograph", photograph(side, grain=8)


def photograph(side: int, grain: float = GRAIN) -> Image.Image:
    """Return a picture that packs about as a photograph does: soft fields, fine ones and grain."""
    rng = np.random.default_rng(0)
    whole = sum(share * _field(rng, cells, side) for cells, share in FIELDS)
    return _picture(whole + rng.normal(0, grain, (side, side, 3)))


def _gradient(side: int) -> Pixels:
    across, down = np.meshgrid(*[np.linspace(0, 255, side)] * 2)
    return np.stack([across, down, (across + down) / 2], axis=-1)


def _texture(side: int) -> Pixels:
    """Return waves that are finer than what a pixel's neighbours foretell."""
    across, down = np.meshgrid(*[np.arange(side)] * 2)
    waves = 60 * np.sin(across / 3) * np.sin(down / 5)
    return 90 + waves[..., None] + 0.3 * _field(np.random.default_rng(1), 64, side)


def _drawing(side: int) -> Image.Image:
    """Return what the embedded model draws, enlarged."""
    with Image.open(SAMPLER) as sheet:
        middle = sheet.convert("RGB").crop((0, 0, sheet.height, sheet.height))
    return middle.resize((side, side), Image.Resampling.LANCZOS)


def _letters(side: int) -> Image.Image:
    picture = Image.new("RGB", (side, side), "white")
    font, line = ImageFont.load_default(LETTERS), SENTENCE * (side // 300 + 1)
    for row, top in enumerate(range(0, side, LETTERS + 4)):
        ImageDraw.Draw(picture).text((4, top), line, ((40 * row) % 160, (90 * row) % 160, 60), font)
    return picture


def _field(rng: np.random.Generator, cells: int, side: int) -> Pixels:
    small = Image.fromarray((255 * rng.random((cells, cells, 3))).astype(np.uint8))
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC), float)


def _picture(levels: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
