"""The floor: FLOPs divided by how fast this device multiplies the model's own matrices, measured now."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from generator.bench.clock import timed

REPEATS = 5
LEAST_SECONDS = 0.05
MOST_RUNS = 2**20


@dataclass(frozen=True, slots=True)
class Rate:
    """FLOPs per second, and where the figure comes from."""

    flops: float
    source: str


def measured_rate(device: torch.device, dtype: torch.dtype, tokens: int, dim: int) -> Rate:
    """Return the best rate of the feed-forward's product at so many tokens; attention counts by it too."""
    wide = int(dim / 3 * 8)
    left = torch.randn(tokens, dim, device=device, dtype=dtype)
    right = torch.randn(wide, dim, device=device, dtype=dtype)
    best = least_seconds(device, lambda: torch.nn.functional.linear(left, right))
    name = str(dtype).removeprefix("torch.")
    source = f"{name} ({tokens}×{dim})·({dim}×{wide}), measured in this run"
    return Rate(2 * tokens * dim * wide / best, source)


def least_seconds(device: torch.device, work: Callable[[], object], enough: float = LEAST_SECONDS) -> float:
    """Return what some work takes at the least, done so often in a row that it is `enough` for the clock."""
    runs, best = 1, 0.0
    while runs * best < enough and runs < MOST_RUNS:
        runs *= 4
        best = min(_seconds(device, work, runs) for _ in range(REPEATS))
    return best


def _seconds(device: torch.device, work: Callable[[], object], runs: int) -> float:
    def all_of_it() -> None:
        for _ in range(runs):
            work()

    seconds, _ = timed(device, all_of_it)
    return seconds / runs
