"""How long a stage takes; medians and their doubt.

On a card the clock on the wall counts, with the card's work waited for at both ends. On a processor its own
time counts, summed over threads, so that others who compute on the same machine change nothing.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

RESAMPLES = 1000


def settle(device: torch.device) -> None:
    """Wait until the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(device: torch.device, work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that some work took, and its answer."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    settle(device)
    began = clock()
    answer = work()
    settle(device)
    return clock() - began, answer


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` of all stay below or at."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return what is said of many measurements; their `spread` is the standard deviation, of the mean."""
    return {
        "p50": statistics.median(seconds),
        "min": min(seconds),
        "p95": quantile(seconds, 0.95),
        "spread": statistics.pstdev(seconds) / statistics.fmean(seconds),
        "samples": len(seconds),
    }


def ratio(values: Sequence[float], others: Sequence[float]) -> tuple[float, float, float]:
    """Return the ratio of two medians with the ends of its 95 % interval, by resampling."""
    rng = random.Random(0)  # noqa: S311  nothing is kept secret by it
    found = sorted(
        statistics.median(rng.choices(values, k=len(values)))
        / statistics.median(rng.choices(others, k=len(others)))
        for _ in range(RESAMPLES)
    )
    middle = statistics.median(values) / statistics.median(others)
    return middle, found[RESAMPLES * 25 // 1000], found[RESAMPLES * 975 // 1000]
