"""The models Pinxit knows, one row each. Torch-free: the bot asks it for sizes and defaults.

A row says everything that differs between models; nothing else in Pinxit asks which model it is.
"""

import math
import re
from dataclasses import dataclass, field, replace

from generator.recipe import MAX_SIDE, MIN_SIDE, SIDE_STEP

EMBEDDED = "embedded"
LATENT_STEP = 16  # the transformer's patch of 2 times the VAE's factor of 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One row of the table.

    `name` is what settings call it. `native_area` is the number of pixels the model draws well,
    or None where it draws every size itself; a model with a native area draws the wished ratio at
    that area, and the picture is scaled to the wished size. What is below `smallest_side` is drawn
    larger and scaled down. `aspects` are the (width, height) of the presets. One that `takes_pictures`
    can start from them. A picture is painted at twice its size with `enlarging_strength`; with 0 the
    model is too weak for it, and a resampler does it. Around a picture it paints with
    `extending_strength`: the less, the more it goes on with what the edge shows. `seconds` is the
    expected time of a picture at default size and steps before any was measured. With `even_tokens` in
    a picture, attention is as much to compute as everything else in a block.
    """

    name: str
    title: str
    native_area: int | None
    smallest_side: int
    aspects: dict[str, tuple[int, int]] = field(hash=False)
    steps: int = 8
    shift: float = 3.0
    guidance: float = 0.0
    takes_guidance: bool = False
    takes_pictures: bool = True
    enlarging_strength: float = 0.0
    extending_strength: float = 1.0
    seconds: float = 2.0
    even_tokens: int = 23_040  # 2 dim + 1.5 times what the feed-forward widens it to

    @property
    def size(self) -> tuple[int, int]:
        """The default (width, height): the square one."""
        return self.aspects["1:1"]

    def drawn_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) the transformer draws for a wished size: multiples of 16."""
        if self.native_area is not None:
            return native_size(width / height, self.native_area)
        larger = max(1.0, self.smallest_side / min(width, height))
        return _up(round(width * larger)), _up(round(height * larger))

    def size_for(self, ratio: float) -> tuple[int, int]:
        """Return a (width, height) of any ratio at the area of the default size."""
        width, height = self.size
        side = math.sqrt(width * height * ratio)
        return _bounded(side), _bounded(side / ratio)


ASPECTS = ("1:1", "4:3", "3:4", "16:9", "9:16")


def native_size(ratio: float, area: int) -> tuple[int, int]:
    """Return multiples of 16 whose product is near `area` and whose quotient is near `ratio`.

    >>> native_size(16 / 9, 65536)
    (336, 192)
    """
    width = max(LATENT_STEP, round(math.sqrt(area * ratio) / LATENT_STEP) * LATENT_STEP)
    height = max(LATENT_STEP, round(math.sqrt(area / ratio) / LATENT_STEP) * LATENT_STEP)
    return width, height


def _up(side: int) -> int:
    return -(-side // LATENT_STEP) * LATENT_STEP


def _bounded(side: float) -> int:
    return min(MAX_SIDE, max(MIN_SIDE, round(side / SIDE_STEP) * SIDE_STEP))


EMBEDDED_MODEL = Model(
    name=EMBEDDED,
    title="Pinxit's demonstration model",
    native_area=256 * 256,
    smallest_side=64,
    aspects={
        "1:1": (256, 256),
        "4:3": (288, 224),
        "3:4": (224, 288),
        "16:9": (336, 192),
        "9:16": (192, 336),
    },
    extending_strength=0.5,
    seconds=1.0,
    even_tokens=1_152,
)

Z_IMAGE_TURBO = Model(
    name="Tongyi-MAI/Z-Image-Turbo",
    title="Z-Image-Turbo",
    native_area=None,
    smallest_side=256,
    aspects={
        "1:1": (1024, 1024),
        "4:3": (1152, 864),
        "3:4": (864, 1152),
        "16:9": (1280, 720),
        "9:16": (720, 1280),
    },
    enlarging_strength=0.3,
)
"""Its model card (https://huggingface.co/Tongyi-MAI/Z-Image-Turbo) draws with eight evaluations of the
transformer and no guidance; a shift of 3 is what its scheduler's configuration says."""

Z_IMAGE = replace(
    Z_IMAGE_TURBO,
    name="Tongyi-MAI/Z-Image",
    title="Z-Image",
    steps=28,
    shift=6.0,
    guidance=4.0,
    takes_guidance=True,
    seconds=14.0,
)
"""Its model card (https://huggingface.co/Tongyi-MAI/Z-Image) recommends 28 to 50 steps and a guidance of 3 to
5, and draws with 50 and 4; a shift of 6 is what its scheduler's configuration says. The fewest steps are the
default, since guidance computes each twice."""

GUIDED = tuple(row.title for row in (EMBEDDED_MODEL, Z_IMAGE_TURBO, Z_IMAGE) if row.takes_guidance)

BASE_NAME = re.compile(r"(?i)(?<![a-z0-9])z[-_ ]?image(?:[-_ ]?base)?(?![a-z0-9])")


def model_for(source: str) -> Model:
    """Return the row for what `PINXIT_MODEL` names: the embedded model, a Hub id, a local folder or a file.

    Z-Image and Z-Image-Turbo differ in nothing but their weights, so the last part of the name decides:
    what is called Z-Image and not Turbo has guidance. Anything else is taken for Z-Image-Turbo; the generator
    says so if its parts do not fit.
    """
    if source == EMBEDDED:
        return EMBEDDED_MODEL
    called = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    base = BASE_NAME.search(called) is not None and "turbo" not in called.lower()
    return replace(Z_IMAGE if base else Z_IMAGE_TURBO, name=source)
