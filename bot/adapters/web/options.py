"""The options the page suggests after a prompt, with values worth choosing from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.styles import Style
from generator.messages import PictureFormat
from generator.models import Model


class Needs(StrEnum):
    """What an order has to start from for an option to mean something."""

    NOTHING = ""
    PICTURE = "picture"
    PAIR = "pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A flag, the key of its explanation, and some of its values (none: the person types one)."""

    flag: str
    label: str
    values: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what each value means, for example the size of a ratio
    needs: Needs = Needs.NOTHING

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        notes = dict(zip(self.values, self.notes, strict=False))
        values = [{"value": value, "note": notes.get(value, "")} for value in self.values]
        return {"flag": self.flag, "label": self.label, "values": values, "needs": self.needs}


def options_for(
    model: Model,
    most_pictures: int,
    loras: Iterable[str] = (),
    styles: Sequence[Style] = (),
    language: str = "en",
) -> Sequence[Option]:
    """Return the options of /imagine that the model heeds, the most wanted first."""
    sizes = [f"{width}x{height}" for width, height in model.aspects.values()]
    counts = [str(count) for count in range(2, most_pictures + 1)]
    formats = tuple(kind.value for kind in PictureFormat)
    return (
        Option(flag="--ar", label="web_option_ar", values=tuple(model.aspects), notes=_times(sizes)),
        Option(flag="--n", label="web_option_n", values=tuple(counts)),
        Option(flag="--seed", label="web_option_seed"),
        Option(flag="--steps", label="web_option_steps", values=_steps(model)),
        *_styled(styles, language),
        *([Option(flag="--lora", label="web_option_lora", values=names)] if (names := tuple(loras)) else []),
        *_begun(model),
        Option(flag="--size", label="web_option_size", values=_larger(model)),
        *_guided(model),
        Option(flag="--shift", label="web_option_shift", values=("1.5", "3", "6")),
        Option(flag="--format", label="web_option_format", values=formats),
    )


def _styled(styles: Sequence[Style], language: str) -> list[Option]:
    if not styles:
        return []
    names = tuple(style.name for style in styles)
    titles = tuple(title if (title := style.title(language)) != style.name else "" for style in styles)
    return [Option(flag="--style", label="web_option_style", values=names, notes=titles)]


def _begun(model: Model) -> list[Option]:
    """Return what pictures to start from can be told."""
    if not model.takes_pictures:
        return []
    shares = ("0.3", "0.5", "0.7")
    return [
        Option(
            flag="--strength",
            label="web_option_strength",
            values=("0.3", "0.6", "0.8"),
            needs=Needs.PICTURE,
        ),
        Option(flag="--share", label="web_option_share", values=shares, needs=Needs.PAIR),
    ]


def _guided(model: Model) -> list[Option]:
    """Return what only guidance heeds."""
    if not model.takes_guidance:
        return []
    values = tuple(f"{model.guidance * part:g}" for part in (0.5, 1, 1.5))
    return [
        Option(flag="--no", label="web_option_no"),
        Option(flag="--guidance", label="web_option_guidance", values=values),
    ]


def _times(sizes: Sequence[str]) -> tuple[str, ...]:
    return tuple(size.replace("x", " × ") for size in sizes)


def _steps(model: Model) -> tuple[str, ...]:
    return tuple(str(steps) for steps in sorted({4, model.steps, 12, 20}))


def _larger(model: Model) -> tuple[str, ...]:
    """Return the square at the default area and, where the picture is small, larger ones."""
    side = model.size[0]
    sides = [side * times for times in (1, 1.5, 2) if side * times <= 2048]  # noqa: PLR2004 - the largest side
    return tuple(f"{int(one)}x{int(one)}" for one in sides)
