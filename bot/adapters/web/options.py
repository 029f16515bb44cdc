"""The options the page suggests after a prompt, with values worth choosing from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from generator.messages import PictureFormat
from generator.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A flag, the key of its explanation, and some of its values (none: the person types one)."""

    flag: str
    label: str
    values: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what each value means, for example the size of a ratio

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        notes = dict(zip(self.values, self.notes, strict=False))
        values = [{"value": value, "note": notes.get(value, "")} for value in self.values]
        return {"flag": self.flag, "label": self.label, "values": values}


def options_for(
    model: Model, most_pictures: int, styles: Sequence[str] = (), loras: Iterable[str] = ()
) -> Sequence[Option]:
    """Return the options of /imagine, the most wanted first."""
    sizes = [f"{width}x{height}" for width, height in model.aspects.values()]
    counts = [str(count) for count in range(2, most_pictures + 1)]
    formats = tuple(kind.value for kind in PictureFormat)
    return (
        Option(flag="--ar", label="web_option_ar", values=tuple(model.aspects), notes=_times(sizes)),
        Option(flag="--n", label="web_option_n", values=tuple(counts)),
        Option(flag="--seed", label="web_option_seed"),
        Option(flag="--steps", label="web_option_steps", values=_steps(model)),
        *([Option(flag="--style", label="web_option_style", values=tuple(styles))] if styles else []),
        *([Option(flag="--lora", label="web_option_lora", values=names)] if (names := tuple(loras)) else []),
        Option(flag="--size", label="web_option_size", values=_larger(model)),
        Option(flag="--no", label="web_option_no"),
        Option(flag="--shift", label="web_option_shift", values=("1.5", "3", "6")),
        Option(flag="--format", label="web_option_format", values=formats),
    )


def _times(sizes: Sequence[str]) -> tuple[str, ...]:
    return tuple(size.replace("x", " × ") for size in sizes)


def _steps(model: Model) -> tuple[str, ...]:
    return tuple(str(steps) for steps in sorted({4, model.steps, 12, 20}))


def _larger(model: Model) -> tuple[str, ...]:
    """Return the square at the default area and, where the picture is small, larger ones."""
    side = model.size[0]
    sides = [side * times for times in (1, 1.5, 2) if side * times <= 2048]  # noqa: PLR2004 - the largest side
    return tuple(f"{int(one)}x{int(one)}" for one in sides)
