"""From the values of a dialect to a Wish: the model's defaults where nothing is said. No I/O."""

from dataclasses import dataclass

from bot.adapters.api.faults import not_valid
from bot.options import Wish, cleaned, ratio_size, rounded
from generator.messages import PictureFormat
from generator.models import Model
from generator.recipe import Lora


@dataclass(frozen=True, slots=True)
class Sizes:
    """A size as sides or as a ratio; None where nothing is said."""

    width: int | None = None
    height: int | None = None
    ratio: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What a dialect has read; None where nothing is said."""

    prompt: str
    negative_prompt: str = ""
    steps: int | None = None
    shift: float | None = None
    guidance: float | None = None
    seed: int | None = None
    format: str = "png"
    loras: tuple[Lora, ...] = ()


def wish_of(model: Model, values: Values, sizes: Sizes, count: int = 1) -> Wish:
    """Return the wish. Raises ApiFault for a ratio that is none."""
    width, height = size_of(model, sizes)
    return Wish(
        prompt=cleaned(values.prompt),
        width=width,
        height=height,
        seed=None if values.seed in {None, -1} else values.seed,
        steps=model.steps if values.steps is None else values.steps,
        count=count,
        negative=cleaned(values.negative_prompt),
        shift=model.shift if values.shift is None else float(values.shift),
        guidance=None if values.guidance is None else float(values.guidance),
        format=PictureFormat(values.format),
        loras=values.loras,
    )


def size_of(model: Model, sizes: Sizes) -> tuple[int, int]:
    """Return the sides, rounded to what a picture can have."""
    if sizes.ratio is not None:
        if sizes.width is not None or sizes.height is not None:
            raise not_valid("aspect_ratio: say either a ratio, or width and height.", "aspect_ratio")
        size = ratio_size(sizes.ratio, model)
        if size is None:
            raise not_valid("aspect_ratio: say a ratio such as 16:9, from 1:4 to 4:1.", "aspect_ratio")
        return size
    width, height = model.size
    return rounded(sizes.width or width), rounded(sizes.height or height)
