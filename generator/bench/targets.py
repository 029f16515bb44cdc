"""What the engine is to reach on an H200 with the published model's sizes, beside what a run found."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.bench.results import Result
from generator.bench.traffic import ALL, PATIENCE

Row = Mapping[str, Any]
Read = Callable[[Result], float | None]

SMALL, USUAL, LARGE = "512×512", "1024×1024", "1536×1536"
EXACT, FP8 = "exact", "fp8"
MS, S, TIMES, RATE, GIB = "ms", "s", "×", "/s", "GiB"
PER_SECOND = 0.5  # orders, at which the slowest in a hundred is looked at
CANCEL_MS = 5.0  # besides the step


@dataclass(frozen=True, slots=True)
class Target:
    """One figure, at most so much, or where `least`, at least."""

    name: str
    bound: float
    unit: str
    read: Read
    least: bool = False

    def told(self, result: Result) -> dict[str, Any]:
        """Return the figure with what it is to be, and whether it is."""
        value = self.read(result)
        met = None if value is None else value >= self.bound if self.least else value <= self.bound
        sign = "≥" if self.least else "≤"
        return {
            "name": self.name,
            "value": value,
            "unit": self.unit,
            "target": f"{sign} {self.bound:g} {self.unit}",
            "met": met,
        }


def told(result: Result) -> list[dict[str, Any]]:
    """Return every target with what was found; a figure that was not measured is None."""
    return [target.told(result) for target in TARGETS]


def _first(rows: Iterable[Row], **wanted: str | float) -> Row | None:
    return next((row for row in rows if all(row.get(key) == value for key, value in wanted.items())), None)


def _at(rows: str, *path: str, times: float = 1.0, **wanted: str | float) -> Read:
    """Return how to read a figure, so many times, of the first of a result's rows that is what is wanted."""

    def read(result: Result) -> float | None:
        found: Any = _first(getattr(result, rows), **wanted)
        for key in path:
            found = None if found is None else found.get(key)
        return None if found is None else times * float(found)

    return read


def _whole(arm: str, picture: str) -> Read:
    return _at("shapes", "whole", "p50", arm=arm, picture=picture)


def _to_stock(arm: str, picture: str) -> Read:
    return _at("shapes", "to_stock", "middle", arm=arm, picture=picture)


def _stage(stage: str, arm: str = EXACT) -> Read:
    """Return how to read a stage's milliseconds, of one picture."""
    return _at("shapes", "stages", stage, "p50", times=1000, arm=arm, picture=USUAL)


def _step(arm: str) -> Read:
    def read(result: Result) -> float | None:
        whole = _stage("denoise", arm)(result)
        return None if whole is None else whole / result.steps

    return read


def _attended(what: str, arm: str = EXACT) -> Read:
    """Return how to read milliseconds of whoever waits for a picture."""
    return _at("attended", what, "p50", times=1000, arm=arm, picture=USUAL)


def _cancel_over_step(result: Result) -> float | None:
    cancel, step = _attended("cancel")(result), _attended("step")(result)
    return None if cancel is None or step is None else cancel - step


def _file(format: str) -> Read:
    return _at("files", "wait", times=1000, format=format)


def _batched(arm: str, picture: str, count: int | None = None) -> Read:
    """Return how to read pictures a second, of a batch or of the quickest one."""

    def read(result: Result) -> float | None:
        row = _first(result.batches, arm=arm, picture=picture)
        found: Mapping[int, float] = {} if row is None else row["per_second"]
        return max(found.values(), default=None) if count is None else found.get(count)

    return read


def _slowest(arm: str) -> Read:
    return _at("waits", "p99", arm=arm, load="one size", rate=PER_SECOND, kind=ALL)


def _most(arm: str) -> Read:
    return _at("most", "per_second", arm=arm, load="one size")


def _fresh(what: str, *path: str) -> Read:
    """Return how to read a figure of a fresh process."""
    return _at("fresh", *path, what=what)


def _of_both(name: str, unit: str, read: Callable[[str], Read], *bounds: float) -> Iterator[Target]:
    """Yield a target of both precisions."""
    for arm, bound in zip((EXACT, FP8), bounds, strict=True):
        yield Target(f"{name}, {arm}", bound, unit, read(arm), least=unit == RATE)


STEADY = "until compiled"
TARGETS = (
    *_of_both(f"{USUAL}, prompt to pixels", S, lambda arm: _whole(arm, USUAL), 0.68, 0.46),
    *_of_both(f"{USUAL}, of stock", TIMES, lambda arm: _to_stock(arm, USUAL), 0.62, 0.40),
    *_of_both(f"{USUAL}, a step", MS, _step, 81, 54),
    *_of_both(f"{SMALL}, prompt to pixels", S, lambda arm: _whole(arm, SMALL), 0.20, 0.15),
    *_of_both(f"{LARGE}, prompt to pixels", S, lambda arm: _whole(arm, LARGE), 1.80, 1.35),
    Target("text encoding", 4, MS, _stage("encode")),
    Target("text encoding, a prompt that was there before", 0.1, MS, _stage("hit")),
    Target("VAE", 21, MS, _stage("decode")),
    *(Target(f"{kind} file, on the wait", 10, MS, _file(kind)) for kind in ("png", "jpeg", "webp")),
    Target("pause between steps", 0.1, MS, _attended("pause")),
    *_of_both("first preview", MS, lambda arm: _attended("preview", arm), 95, 70),
    Target("cancel, beyond the step", CANCEL_MS, MS, _cancel_over_step),
    Target("the processors' work for a picture", 30, MS, _attended("work")),
    *_of_both(f"pictures, {USUAL}", RATE, lambda arm: _batched(arm, USUAL), 1.48, 2.2),
    *_of_both(f"pictures, {SMALL} by fours", RATE, lambda arm: _batched(arm, SMALL, 4), 6.0, 9.0),
    *_of_both(f"p99 at {PER_SECOND:g} orders/s", S, _slowest, 2.3, 1.3),
    *_of_both(f"orders with a p99 of {PATIENCE:g} s", RATE, _most, 0.7, 1.25),
    Target("memory of the card, exact", 22.5, GIB, _fresh("fresh process", "peaks", "card, reserved")),
    Target(
        "memory of the card, in eight bits",
        13,
        GIB,
        _fresh("as on a card of 16 GiB", "peaks", "card, reserved"),
    ),
    Target("start to first picture", 10, S, _fresh("fresh process", "seconds", "whole")),
    Target("start to all compiled", 30, S, _fresh("fresh process, compiled before", "seconds", STEADY)),
)
