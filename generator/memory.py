"""What of a model lies on a card: decided once from the card's size and the model's. Torch-free, no I/O.

The ways to lie are tried from the fastest to the slowest, and the first that fits is taken. Figures beside
the model's own are what drawing takes at the model's default size, measured or estimated for 1024 x 1024.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from generator.choices import Precision

GIB, MIB = 2**30, 2**20
FP8_FROM = (8, 9)  # compute capability: Ada and Hopper
INT8_FROM = (8, 0)
EIGHT = (Precision.FP8, Precision.INT8)

CONTEXT = 600 * 2**20  # what the driver takes before anything is drawn
DRAWING = 2.2  # GiB of activations for a megapixel
DRAWING_TILED = 1.3  # the same where the VAE decodes in tiles
WINDOW = 0.06  # of a network: the part that is on the card while it is carried there piece by piece
SMALL_PARTS = 0.06  # of the transformer: what stays in sixteen bits
PIXELS = 2**20


class Lying(StrEnum):
    """Where a network lies."""

    RESIDENT = "resident"
    CARRIED = "carried"  # in the machine's memory, carried to the card piece by piece


class TooLarge(Exception):
    """No way to lie fits; ``str(error)`` is one sentence that says how much would."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card as the planner sees it: how much memory is free, and which generation it is."""

    name: str
    bytes: int
    capability: tuple[int, int] = (9, 0)


@dataclass(frozen=True, slots=True)
class Weights:
    """Bytes of each network in sixteen bits."""

    transformer: int
    text_encoder: int
    vae: int


Z_IMAGE_TURBO = Weights(transformer=12_309_866_624, text_encoder=8_044_936_192, vae=167_639_334)
"""Those of Tongyi-MAI/Z-Image-Turbo, for where its files are not at hand."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model lies. `peak` is what is expected on the card at most, in bytes."""

    precision: Precision
    transformer: Lying
    text_encoder: Lying
    tiled: bool
    peak: int

    def sentence(self, card: Card) -> str:
        """Return the plan in words."""
        bits = "sixteen bits" if self.precision is Precision.EXACT else f"eight bits ({self.precision})"
        where = {
            Lying.RESIDENT: "lies on the card",
            Lying.CARRIED: "is carried to the card piece by piece",
        }
        tiles = ", pictures are decoded in tiles" if self.tiled else ""
        return (
            f"On {card.name} ({card.bytes / GIB:.1f} GiB) the transformer {where[self.transformer]} "
            f"in {bits}, the text encoder {where[self.text_encoder]}{tiles}; "
            f"at most about {self.peak / GIB:.1f} GiB are used."
        )

    def without_card(self) -> str:
        """Return the plan in words where there is no card."""
        return (
            f"{self.precision}: without a card everything lies in the machine's memory, "
            f"at least {_said(self.peak)}"
        )


WAYS = (  # transformer, text encoder, tiled; from the fastest to the slowest
    (Lying.RESIDENT, Lying.RESIDENT, False),
    (Lying.RESIDENT, Lying.CARRIED, True),
    (Lying.CARRIED, Lying.CARRIED, True),
)


def planned(
    card: Card,
    weights: Weights,
    wish: Precision,
    pixels: int = PIXELS,
    kept: Precision = Precision.EXACT,
) -> Plan:
    """Return the fastest plan that fits, for files that are `kept` in some precision. Raises TooLarge."""
    wish = granted(wish, kept)
    if kept in EIGHT and kept not in eight_bits(card):
        raise TooLarge(
            f"The model's files are in {kept}, which {card.name} cannot multiply in; draw with the model "
            "that they were converted from."
        )
    plans = sorted(_plans(card, weights, wish, pixels), key=_slowness)
    for plan in plans:
        if plan.peak <= card.bytes:
            return plan
    least = min(plan.peak for plan in plans)
    raise TooLarge(
        f"The model does not fit on {card.name}: it needs at least {least / GIB:.1f} GiB of memory, "
        f"and {card.bytes / GIB:.1f} GiB are there."
    )


def on_processor(
    free: int | None, weights: Weights, wish: Precision, kept: Precision = Precision.EXACT
) -> Plan:
    """Return the plan without a card, in so much free memory where that is known. Raises TooLarge."""
    wish = granted(wish, kept)
    precision = Precision.EXACT if wish is Precision.AUTO else wish
    peak = int((weights.transformer + weights.text_encoder) * _widths(precision, kept)) + 2 * weights.vae
    if free is not None and peak > free:
        raise TooLarge(
            f"The model does not fit into this machine's memory: without a card it needs at least "
            f"{_said(peak)}, and {_said(free)} are free."
        )
    return Plan(precision, Lying.RESIDENT, Lying.RESIDENT, tiled=False, peak=peak)


def _said(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.0f} MiB"


def _widths(precision: Precision, kept: Precision) -> float:
    """Return how many times its sixteen bits a number takes on a processor, which computes in 32."""
    if kept in EIGHT:
        return 0.5
    return 2.0 if precision is Precision.EXACT else 2.5


def reason(
    card: Card, weights: Weights, wish: Precision, plan: Plan, kept: Precision = Precision.EXACT
) -> str:
    """Return why this precision was taken, in a sentence."""
    if kept in EIGHT:
        return f"In {kept}, because the model's files are."
    if wish is not Precision.AUTO:
        return f"In {plan.precision}, because PINXIT_PRECISION says so."
    if plan.precision is not Precision.EXACT:
        exact = _peak(weights, Precision.EXACT, WAYS[0], PIXELS)
        return (
            f"PINXIT_PRECISION=auto takes {plan.precision}, {_why_this(plan.precision, card)}: in sixteen "
            f"bits, with everything on the card, about {exact / GIB:.1f} GiB would be used."
        )
    if plan.transformer is plan.text_encoder is Lying.RESIDENT:
        return "PINXIT_PRECISION=auto takes sixteen bits, which are exact: all of it fits."
    if not eight_bits(card):
        return (
            "PINXIT_PRECISION=auto takes sixteen bits: this card multiplies quickly in neither fp8 nor int8."
        )
    return (
        "PINXIT_PRECISION=auto takes sixteen bits: in eight it would not all fit either, and they are exact."
    )


def _why_this(precision: Precision, card: Card) -> str:
    if precision is Precision.FP8:
        return "the fastest that it multiplies in"
    major, minor = card.capability
    return f"as cards before Ada have no fp8 (this one has compute capability {major}.{minor})"


def granted(wish: Precision, kept: Precision) -> Precision:
    """Return the wish where files can be drawn with in it: eight bits are not widened. Raises TooLarge."""
    if kept not in EIGHT or wish is kept:
        return wish
    if wish is Precision.AUTO:
        return kept
    raise TooLarge(
        f"The model's files are in {kept}, so PINXIT_PRECISION can be auto or {kept}, not {wish}; for "
        "others draw with the model that they were converted from."
    )


def precisions(card: Card, wish: Precision) -> tuple[Precision, ...]:
    """Return what may be taken, the best first. Raises TooLarge where the card cannot do what is wished."""
    eight = eight_bits(card)
    match wish:
        case Precision.AUTO:
            return (Precision.EXACT, *eight[:1])
        case Precision.EXACT:
            return (Precision.EXACT,)
        case Precision.FP8 | Precision.INT8:
            if wish is Precision.FP8 and Precision.FP8 not in eight:
                raise TooLarge(f"{card.name} cannot multiply in fp8; set PINXIT_PRECISION to int8 or auto.")
            return (wish,)


def room_to_record(free: int, rows: int, pixels: int) -> bool:
    """Whether so many free bytes suffice for what a step of so many pictures computes in, and to decode."""
    return free >= (rows + 1) * _drawing(DRAWING, pixels)


def eight_bits(card: Card) -> tuple[Precision, ...]:
    """Return in which eight bits a card multiplies, the faster first."""
    if card.capability >= FP8_FROM:
        return EIGHT
    return (Precision.INT8,) if card.capability >= INT8_FROM else ()


def _plans(card: Card, weights: Weights, wish: Precision, pixels: int) -> Iterator[Plan]:
    for precision in precisions(card, wish):
        for transformer, text_encoder, tiled in WAYS:
            eight = precision is not Precision.EXACT
            if eight and transformer is Lying.CARRIED:
                continue
            peak = _peak(weights, precision, (transformer, text_encoder, tiled), pixels)
            yield Plan(precision, transformer, text_encoder, tiled, peak)


def _slowness(plan: Plan) -> tuple[int, bool]:
    """All on the card comes first, and of these what is exact."""
    way = (plan.transformer, plan.text_encoder, plan.tiled)
    return WAYS.index(way), plan.precision is not Precision.EXACT


def _peak(weights: Weights, precision: Precision, way: tuple[Lying, Lying, bool], pixels: int) -> int:
    transformer, text_encoder, tiled = way
    share = 0.5 if precision is not Precision.EXACT else 1.0
    whole = weights.transformer * (share + SMALL_PARTS * (1 - share))
    words = weights.text_encoder * (share if text_encoder is Lying.RESIDENT else WINDOW)
    drawing = _drawing(DRAWING_TILED if tiled else DRAWING, pixels)
    lying = whole if transformer is Lying.RESIDENT else weights.transformer * WINDOW
    return int(lying + words + weights.vae + drawing + CONTEXT)


def _drawing(gib: float, pixels: int) -> float:
    """Return the bytes of activations for a picture, from those for a megapixel."""
    return gib * GIB * max(pixels / PIXELS, 0.1)
