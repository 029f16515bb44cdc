"""What the generator is asked, and all that it can answer.

No I/O and no torch: `generator.frames` turns these into bytes, the bot and the process both match them.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from generator.recipe import Recipe


class PictureFormat(StrEnum):
    """A file format the encoder writes, each with the recipe inside."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        """The MIME type, for example ``image/png``."""
        return f"image/{self.value}"


class Fault(StrEnum):
    """Why the generator could not finish an order. The hold is released for each of them."""

    OUT_OF_MEMORY = "out_of_memory"
    BROKEN_PICTURE = "broken_picture"  # NaN or infinity came out of the model
    WRONG_LORA = "wrong_lora"  # missing, damaged or made for another model; the log has the sentence
    START_GONE = "start_gone"  # the picture to start from is not kept any more, or cannot be read
    INTERNAL = "internal"  # a bug: logged once at the generator's edge
    POISON = "poison"  # the process died under this order again and again
    PAINTER_GONE = "painter_gone"  # no generator could take it for too long


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One picture to draw. `id` is the caller's own and comes back in every event."""

    id: str
    recipe: Recipe
    format: PictureFormat = PictureFormat.PNG


# ── asked by the bot ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Orders of one shape (size, steps, guidance, shift, strength, LoRAs), drawn together as a batch.

    `pictures` are the files that the recipes start from, in any order: `name_of` is what recipes call them.
    `seconds` are those that all of it is expected to take, 0 for unknown: a long request lets short ones by.
    """

    orders: tuple[Order, ...]
    previews: bool = True
    seconds: float = 0.0
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


def name_of(picture: bytes) -> str:
    """Return what recipes call a picture: the SHA-256 of its file."""
    return hashlib.sha256(picture).hexdigest()


# ── answered by the generator, in this order: Begun, StepDone/Preview…, then one end per order, End ─
# Between Begun and the ends Paused and Resumed may come, by turns, where the request said its seconds.


@dataclass(frozen=True, slots=True)
class Begun:
    """The orders left the generator's queue; from here on the attempt counts."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """Step `step` (from 1) of `steps` is done for the whole batch."""

    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Paused:
    """Another request is drawn first; this one is silent meanwhile, but for what was computed before."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """It goes on where it was paused."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A small JPEG of what the picture is going to be."""

    order: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The encoded file. `seconds` is this order's share of the time on the card."""

    order: str
    file: bytes
    format: PictureFormat
    width: int
    height: int
    seconds: float
    truncated: bool = False  # the model's text encoder did not see the prompt's end


@dataclass(frozen=True, slots=True)
class Failed:
    """The order ends without a picture; others of the batch may still finish."""

    order: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class End:
    """Nothing follows. A stream without it was cut off."""


Event = Begun | StepDone | Paused | Resumed | Preview | Finished | Failed | End


# ── health of the process ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Loading:
    """The model is being loaded; `fraction` goes from 0 to 1 and never falls."""

    fraction: float


@dataclass(frozen=True, slots=True)
class CardMemory:
    """Bytes on the card, `allocated` to what draws here, and in `total`. Of several cards, the sums."""

    allocated: int
    total: int


@dataclass(frozen=True, slots=True)
class Ready:
    """Orders are taken. `drawing` says how many are being drawn, `painters` how many can be at once.

    `card` is None where a processor draws, and where nobody has said.
    """

    model: str
    drawing: int = 0
    painters: int = 1
    card: CardMemory | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is being drawn."""
        return self.drawing > 0


@dataclass(frozen=True, slots=True)
class Unusable:
    """The model cannot be loaded; `reason` is one sentence for the owner, safe to show."""

    reason: str


Health = Loading | Ready | Unusable
