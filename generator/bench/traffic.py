"""What people wait for under load: pictures really drawn, arrivals and the line computed.

One picture is drawn at a time, first come, first served. So the wait follows from the arrivals and the
measured seconds alone, and no time is spent waiting for arrivals that are far apart: the pictures are drawn
back to back, in the order in which they would be.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from generator.bench.arms import Arm
from generator.bench.clock import quantile
from generator.bench.solo import STAGES, Prompts, draw

RATES = (0.3, 0.5, 0.8, 1.2)  # orders a second
REROLLS = 0.5  # of all orders: their prompt was encoded before
MIX = (0.6, 0.3, 0.1)  # of the sizes: the second, the first, the third that the model is measured at
ARRIVALS = 20_000


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from order to pixels. Where more is ordered than can be drawn, `overload` says so."""

    rate: float
    p50: float
    p95: float
    p99: float
    overload: bool


def served(
    arm: Arm, device: torch.device, sizes: Sequence[tuple[int, int]], steps: int, orders: int
) -> list[float]:
    """Draw so many orders, half of them re-rolls, and return the seconds of each."""
    prompts, rng = Prompts(), random.Random(1)  # noqa: S311
    seconds, last = [], prompts(1)
    for size in _sizes(sizes, rng, orders):
        last = last if rng.random() < REROLLS else prompts(1)
        stages = draw(arm, device, size, steps, last)
        seconds.append(sum(stages[stage] for stage in STAGES))
    return seconds


def _sizes(sizes: Sequence[tuple[int, int]], rng: random.Random, orders: int) -> Iterator[tuple[int, int]]:
    if len(sizes) < len(MIX):
        yield from (sizes[0] for _ in range(orders))
        return
    usual, small, large = sizes[1], sizes[0], sizes[2]
    yield from rng.choices((usual, small, large), weights=MIX, k=orders)


def waits(seconds: Sequence[float], rate: float, arrivals: int = ARRIVALS) -> Waits:
    """Return the waits where orders come by chance, `rate` a second, each taking one of these `seconds`."""
    rng = random.Random(2)  # noqa: S311
    line, found = 0.0, []
    for _ in range(arrivals):
        line = max(0.0, line - rng.expovariate(rate))
        line += rng.choice(seconds)
        found.append(line)
    mean = sum(seconds) / len(seconds)
    p50, p95, p99 = (quantile(found, part) for part in (0.5, 0.95, 0.99))
    return Waits(rate, p50, p95, p99, overload=rate * mean >= 1)
