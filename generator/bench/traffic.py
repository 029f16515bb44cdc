"""What people wait for under load: pictures really drawn, arrivals and the line computed.

One order is drawn at a time, first come, first served; between two steps a long one may let a short one by.
So the wait follows from arrivals and measured seconds alone, and no time is spent waiting for arrivals
that are far apart: the pictures are drawn back to back.
"""

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from generator.bench.arms import Arm
from generator.bench.clock import quantile
from generator.bench.solo import STAGES, Prompts, draw
from generator.bench.turns import ends

RATES = (0.3, 0.5, 0.8, 1.2)  # orders a second
REROLLS = 0.5  # of all orders: their prompt was encoded before
MIX = (0.6, 0.3, 0.1)  # of the sizes: the second, the first, the third that the model is measured at
SETS, OF_A_SET = 0.1, 4  # of a mixed load's orders: so many pictures at once
ARRIVALS = 20_000
ALL = "all"

PATIENCE = 3.0  # seconds
HALVINGS = 9
SCALES = (1.5, 2.0, 3.0)  # times as long as on an idle machine

Size = tuple[int, int]
Waited = tuple[float, float]  # seconds, and how many times as long as on an idle machine


@dataclass(frozen=True, slots=True)
class Kind:
    """Orders of one size and number of pictures, and their share in all."""

    size: Size
    count: int
    share: float

    @property
    def name(self) -> str:
        """What it is called in tables."""
        picture = f"{self.size[0]}×{self.size[1]}"
        return picture if self.count == 1 else f"{self.count} of {picture}"


Served = Mapping[Kind, Sequence[float]]
"""The seconds of each order that was drawn."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from order to pixels, of one kind of order or of all.

    `within` is the part of orders that wait at most so many times as long as on an idle machine.
    Where more is ordered than can be drawn, `overload` says so.
    """

    kind: str
    rate: float
    letting_by: bool
    mean: float
    p50: float
    p95: float
    p99: float
    within: dict[str, float]
    overload: bool


def kinds(sizes: Sequence[Size]) -> list[Kind]:
    """Return what is ordered: a mixture where three sizes are measured, else single pictures of the first."""
    if len(sizes) < len(MIX):
        return [Kind(sizes[0], 1, 1.0)]
    mixed = zip((sizes[1], sizes[0], sizes[2]), MIX, strict=True)
    counts = ((1, 1 - SETS), (OF_A_SET, SETS))
    return [Kind(size, count, share * part) for size, share in mixed for count, part in counts]


def served(arm: Arm, device: torch.device, wanted: Sequence[Kind], steps: int, orders: int) -> Served:
    """Draw about so many orders, each kind by its share and once at least; half of them are re-rolls."""
    prompts, rng = Prompts(), random.Random(1)  # noqa: S311
    line = [kind for kind in wanted for _ in range(max(1, round(kind.share * orders)))]
    rng.shuffle(line)
    found: dict[Kind, list[float]] = {kind: [] for kind in wanted}
    last = prompts(1)
    for kind in line:
        last = last if rng.random() < REROLLS else prompts(1)
        stages = draw(arm, device, kind.size, steps, last * kind.count)
        found[kind].append(sum(stages[stage] for stage in STAGES))
    return found


def waits(
    drawn: Served, rate: float, steps: int, arrivals: int = ARRIVALS, *, letting_by: bool = False
) -> list[Waits]:
    """Return the waits of all, and of each kind, where orders come by chance, `rate` a second."""
    rng = random.Random(2)  # noqa: S311
    times = list(accumulate(rng.expovariate(rate) for _ in range(arrivals)))
    ordered = rng.choices(list(drawn), weights=[kind.share for kind in drawn], k=arrivals)
    seconds = [rng.choice(drawn[kind]) for kind in ordered]
    ended = ends(times, seconds, steps, letting_by=letting_by)
    everybody = [end - time for end, time in zip(ended, times, strict=True)]
    alone = {kind: statistics.median(each) for kind, each in drawn.items()}
    found: dict[str, list[Waited]] = {name: [] for name in (ALL, *(kind.name for kind in drawn))}
    for kind, wait in zip(ordered, everybody, strict=True):
        for name in (ALL, kind.name):
            found[name].append((wait, wait / alone[kind]))
    overload = rate * _mean(drawn) >= 1
    return [_summed(name, each, rate, letting_by, overload) for name, each in found.items() if each]


def most(drawn: Served, steps: int) -> float:
    """Return how many orders may come a second so that ninety-nine in a hundred wait `PATIENCE` at most."""
    low, high = 0.0, 1 / _mean(drawn)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if waits(drawn, middle, steps)[0].p99 <= PATIENCE else (low, middle)
    return low


def _mean(drawn: Served) -> float:
    return sum(kind.share * statistics.fmean(seconds) for kind, seconds in drawn.items())


def _summed(kind: str, found: Sequence[Waited], rate: float, letting_by: bool, overload: bool) -> Waits:
    seconds, times = zip(*found, strict=True)
    within = {f"{scale:g}×": sum(each <= scale for each in times) / len(times) for scale in SCALES}
    p50, p95, p99 = (quantile(seconds, part) for part in (0.5, 0.95, 0.99))
    return Waits(kind, rate, letting_by, sum(seconds) / len(seconds), p50, p95, p99, within, overload)
