"""A picture order, complete and valid: the same recipe always gives the same pixels."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

MAX_PROMPT = 32_000  # characters
MIN_SIDE, MAX_SIDE, SIDE_STEP = 64, 2048, 8
MAX_STEPS = 50
MAX_GUIDANCE = 20.0
MIN_SHIFT, MAX_SHIFT = 1.0, 10.0
SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: not encodable
SEED_LIMIT = 2**63  # seeds are below it
LORA_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
SHA256 = re.compile(r"[0-9a-f]{64}|")
MIN_LORA_SCALE, MAX_LORA_SCALE = -2.0, 2.0
MAX_LORAS = 8
CONTENT = re.compile(r"[0-9a-f]{64}")  # the SHA-256 of a picture's file
USUAL_STRENGTH, MASKED_STRENGTH = 0.6, 1.0


class RecipeError(ValueError):
    """A value that no recipe may hold.

    `rule` names the rule for the catalogue of texts (``recipe_<rule>``), `values` fills its sentence;
    ``str(error)`` is the English sentence that says what would be right.
    """

    def __init__(self, rule: str, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values))
        self.rule = rule
        self.values = values


@dataclass(frozen=True, slots=True)
class Lora:
    """A small change of the model, by its name, and how strongly: 0 is not at all.

    `sha256` is the content of its file, without which it is whatever bears its name on the shelf.
    Raises RecipeError on construction when a value is impossible.
    """

    name: str
    scale: float = 1.0
    sha256: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.sha256, str) or not SHA256.fullmatch(self.sha256):
            raise RecipeError("incomplete", "The recipe is not complete.")
        if not isinstance(self.name, str) or not LORA_NAME.fullmatch(self.name):
            raise RecipeError(
                "lora_name", "A LoRA's name has small letters, digits, hyphens and underscores."
            )
        _number("lora_scale", self.scale, MIN_LORA_SCALE, MAX_LORA_SCALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The picture that a recipe starts from instead of noise alone, by the SHA-256 of its file.

    Of the schedule's steps the last `strength` are drawn: 1 is all of them and 0 none, which only brings
    the picture to the recipe's size. The picture covers the recipe's size: scaled, and cut from its middle.
    `mask` is a picture of that kind too: what is white is drawn, what is black stays as it was.
    With `other` it starts between two pictures, `share` of the way to the other one.
    `tiled` draws large sizes piece by piece, at the pieces' own size.
    Raises RecipeError on construction when a value is impossible.
    """

    picture: str
    strength: float = USUAL_STRENGTH
    mask: str | None = None
    other: str | None = None
    share: float = 0.5
    tiled: bool = False

    def __post_init__(self) -> None:
        for content in (self.picture, self.mask, self.other):
            if content is not None and not (isinstance(content, str) and CONTENT.fullmatch(content)):
                raise RecipeError("start", "A picture to start from is named by 64 hex digits.")
        if self.picture is None or not isinstance(self.tiled, bool):
            raise RecipeError("incomplete", "The recipe is not complete.")
        _number("strength", self.strength, 0.0, 1.0)
        _number("share", self.share, 0.0, 1.0)

    @property
    def pictures(self) -> tuple[str, ...]:
        """The contents that are needed, each once."""
        named = (self.picture, self.mask, self.other)
        return tuple(dict.fromkeys(content for content in named if content is not None))

    def drawn(self, steps: int) -> int:
        """Return how many of the schedule's steps are drawn, rounded as the reference does: up.

        >>> Start(picture="0" * 64, strength=0.6).drawn(8)
        5
        """
        return steps - int(max(steps - min(steps * self.strength, steps), 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What fixes the pixels of one picture.

    Sides are pixels, multiples of 8. `guidance` 0 means none. `shift` is the flow schedule's time shift.
    A variation blends the noise of `seed` with that of `variation_seed` by spherical interpolation,
    `variation_strength` from 0 (the original) to 1 (the other seed).
    Raises RecipeError on construction when a value is impossible.
    """

    prompt: str
    model: str
    width: int
    height: int
    steps: int
    seed: int
    shift: float = 3.0
    guidance: float = 0.0
    negative_prompt: str = ""
    variation_seed: int | None = None
    variation_strength: float = 0.0
    loras: tuple[Lora, ...] = ()
    start: Start | None = None

    def __post_init__(self) -> None:
        _text("prompt", self.prompt)
        _text("negative_prompt", self.negative_prompt)
        if not self.prompt.strip():
            raise RecipeError("empty_prompt", "Say what to paint, for example: a red fox in snow.")
        if not self.model:
            raise RecipeError("model", "Name a model.")
        _side("width", self.width)
        _side("height", self.height)
        _whole("steps", self.steps, 1, MAX_STEPS)
        _whole("seed", self.seed, 0, SEED_LIMIT - 1)
        _number("shift", self.shift, MIN_SHIFT, MAX_SHIFT)
        _number("guidance", self.guidance, 0.0, MAX_GUIDANCE)
        _number("variation_strength", self.variation_strength, 0.0, 1.0)
        if self.variation_seed is not None:
            _whole("variation_seed", self.variation_seed, 0, SEED_LIMIT - 1)
        _loras(self.loras)
        if not isinstance(self.start, Start | None):
            raise RecipeError("incomplete", "The recipe is not complete.")

    @property
    def pictures(self) -> tuple[str, ...]:
        """The SHA-256 of every picture that it starts from, masks too."""
        return self.start.pictures if self.start else ()

    @property
    def drawn_steps(self) -> int:
        """How many steps are really drawn: with a picture to start from only the schedule's end."""
        return self.start.drawn(self.steps) if self.start else self.steps

    @property
    def worn(self) -> tuple[Lora, ...]:
        """The LoRAs that do something, by name: in which order they were typed changes nothing."""
        return tuple(sorted((lora for lora in self.loras if lora.scale), key=lambda lora: lora.name))

    @property
    def wardrobe(self) -> str:
        """What recipes share that wear the same LoRAs equally strongly, in a few letters; "" for none."""
        worn = "|".join(f"{lora.sha256 or lora.name}:{lora.scale!r}" for lora in self.worn)
        return hashlib.sha256(worn.encode()).hexdigest()[:16] if worn else ""

    @property
    def shape(self) -> tuple[object, ...]:
        """What orders must share to be drawn in one batch."""
        beginning = (self.start.strength, self.start.tiled) if self.start else None
        return (self.width, self.height, self.steps, self.shift, self.guidance, self.worn, beginning)

    def picture(self, index: int) -> "Recipe":
        """Return the recipe of picture `index` of several: each has the next seed.

        The pictures of a variation keep their origin's noise and take the next variation seed.
        """
        if self.variation_seed is None:
            return replace(self, seed=(self.seed + index) % SEED_LIMIT)
        return replace(self, variation_seed=(self.variation_seed + index) % SEED_LIMIT)

    def rerolled(self, seed: int) -> "Recipe":
        """Return the same wish with fresh noise."""
        return replace(self, seed=seed, variation_seed=None, variation_strength=0.0)

    def varied(self, variation_seed: int, strength: float) -> "Recipe":
        """Return a sibling of this picture: near for a small strength (0.15), freer for 0.4.

        The variation of a variation starts from the same origin's noise.
        """
        return replace(self, variation_seed=variation_seed, variation_strength=strength)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values, the inverse of `from_dict`."""
        return asdict(self) | {"loras": [asdict(lora) for lora in self.loras]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """Build a recipe from JSON values. Raises RecipeError for missing or unknown names too."""
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise RecipeError("unknown", "A recipe has no {names}.", names=", ".join(sorted(unknown)))
        try:
            loras = tuple(Lora(**each) for each in values.get("loras", ()))
            start = values.get("start")
            return cls(**{**values, "loras": loras, "start": None if start is None else Start(**start)})
        except TypeError as error:
            raise RecipeError("incomplete", "The recipe is not complete.") from error


def _loras(loras: object) -> None:
    if not isinstance(loras, tuple) or not all(isinstance(each, Lora) for each in loras):
        raise RecipeError("incomplete", "The recipe is not complete.")
    if len(loras) > MAX_LORAS:
        raise RecipeError("too_many_loras", "At most {most} LoRAs are possible at once.", most=MAX_LORAS)
    names = [each.name for each in loras]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RecipeError("lora_twice", "The LoRA {lora} is there twice.", lora=twice[0])


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise RecipeError("text", "{name} must be text.", name=name)
    if len(value) > MAX_PROMPT:
        raise RecipeError(
            "prompt_too_long",
            "The prompt has {length} characters; at most {most} are possible.",
            length=len(value),
            most=MAX_PROMPT,
        )
    if SURROGATE.search(value):
        raise RecipeError("text", "{name} must be valid text.", name=name)


def _whole(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RecipeError(
            "whole_range",
            "{name} must be a whole number from {least} to {most}.",
            name=name,
            least=least,
            most=most,
        )


def _number(name: str, value: object, least: float, most: float) -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not least <= value <= most:  # type: ignore[operator]  # false for NaN too
        raise RecipeError(
            "number_range",
            "{name} must be a number from {least} to {most}.",
            name=name,
            least=least,
            most=most,
        )


def _side(name: str, value: object) -> None:
    _whole(name, value, MIN_SIDE, MAX_SIDE)
    if value % SIDE_STEP:  # type: ignore[operator]
        raise RecipeError(
            "side_step",
            "{name} must be a multiple of {step}.",
            name=name,
            step=SIDE_STEP,
        )
