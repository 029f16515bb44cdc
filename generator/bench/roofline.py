"""How fast a device does what a step is made of: each product of a block, attention, and moving numbers.

A step that takes longer than these together loses the rest between them. Products in eight bits count with
the engine's rounding of what comes in; no other library's are asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from generator.bench.arms import ARMS, why_not
from generator.bench.floor import least_seconds
from generator.choices import Precision
from generator.engine.attention import kernel_for
from generator.engine.products import kept_in, product

MOVED = {"cuda": 2**30, "cpu": 2**24}  # bytes, more than a card's cache holds
ENOUGH = 0.01  # seconds in a row
TERA, GIGA = 1e12, 1e9


@dataclass(frozen=True, slots=True)
class Speed:
    """So many tera-FLOPs a second, or of what is moved gigabytes, with so many tokens in a picture."""

    what: str
    precision: str
    tokens: int
    per_second: float


def speeds(device: torch.device, dtype: torch.dtype, config: Any, tokens: int) -> Iterator[Speed]:
    """Yield those of a transformer's block, for a picture and its caption of so many tokens together."""
    for what, (rows, columns) in _shapes(config.dim).items():
        left = torch.randn(tokens, columns, device=device, dtype=dtype)
        right = torch.randn(rows, columns, device=device, dtype=dtype)
        for precision in _precisions(device):
            weight = kept_in(right, precision)
            seconds = least_seconds(device, partial(product, left, weight), ENOUGH)
            yield Speed(what, precision.value, tokens, 2 * tokens * rows * columns / seconds / TERA)
    yield _attention(device, dtype, config, tokens)


def moving(device: torch.device) -> Speed:
    """Return how many gigabytes are read and written a second."""
    count = MOVED[device.type]
    source, target = (torch.ones(count, dtype=torch.uint8, device=device) for _ in range(2))
    seconds = least_seconds(device, partial(target.copy_, source), ENOUGH)
    return Speed("moving", "", 0, 2 * count / seconds / GIGA)


def _shapes(dim: int) -> dict[str, tuple[int, int]]:
    wide = int(dim / 3 * 8)
    return {
        "q, k, v": (3 * dim, dim),
        "out": (dim, dim),
        "gate, up": (2 * wide, dim),
        "down": (dim, wide),
    }


def _precisions(device: torch.device) -> tuple[Precision, ...]:
    """Return those that the engine has arms for on this device."""
    offered = {entry.name for entry in ARMS if why_not(entry, device) is None}
    return tuple(each for each in Precision if each.value in offered)


def _attention(device: torch.device, dtype: torch.dtype, config: Any, tokens: int) -> Speed:
    head = config.dim // config.n_heads
    q, k, v = (torch.randn(1, config.n_heads, tokens, head, device=device, dtype=dtype) for _ in range(3))
    kernel = kernel_for(device, head)
    seconds = least_seconds(device, partial(kernel.attend, q, k, v), ENOUGH)
    return Speed(f"attention, {kernel.name}", "exact", tokens, 4 * tokens**2 * config.dim / seconds / TERA)
