"""The floor: FLOPs divided by how fast this device multiplies the model's own matrices, measured now."""

from dataclasses import dataclass

import torch

from generator.bench.clock import timed

REPEATS = 5
LEAST_SECONDS = 0.05


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
    repeats, best = 1, 0.0
    while repeats * best < LEAST_SECONDS and repeats < 2**20:
        repeats *= 4
        best = min(_seconds(device, left, right, repeats) for _ in range(REPEATS))
    name = str(dtype).removeprefix("torch.")
    source = f"{name} ({tokens}×{dim})·({dim}×{wide}), measured in this run"
    return Rate(2 * tokens * dim * wide / best, source)


def _seconds(device: torch.device, left: torch.Tensor, right: torch.Tensor, repeats: int) -> float:
    def multiply() -> None:
        for _ in range(repeats):
            torch.nn.functional.linear(left, right)

    seconds, _ = timed(device, multiply)
    return seconds / repeats
