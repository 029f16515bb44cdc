"""A large picture piece by piece: the pieces overlap, and one becomes the other where they do.

Each step blends what the model says of the pieces, so that the whole is one flow and no seam can appear.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from generator.tiles import OVERLAP, spread

Velocity = Callable[[Tensor, float], Tensor]


class Pieces:
    """Like a flow for the whole size; `flow_for` makes the one for the pieces' size, (height, width)."""

    def __init__(
        self, flow_for: Callable[[Sequence[int]], Velocity], size: Sequence[int], most: Sequence[int]
    ) -> None:
        (self._tops, height), (self._lefts, width) = (
            spread(side, limit) for side, limit in zip(size, most, strict=True)
        )
        self._size = height, width
        self._flow = flow_for(self._size)
        self._window = _ramp(height)[:, None] * _ramp(width)

    def __call__(self, latents: Tensor, time: float) -> Tensor:
        """Return the velocity, (rows, 16, h / 8, w / 8)."""
        height, width = self._size
        self._window = window = self._window.to(latents.device)  # sent there once
        velocity, weight = torch.zeros_like(latents), torch.zeros_like(latents[:1, :1])
        for top in self._tops:
            for left in self._lefts:
                there = (..., slice(top, top + height), slice(left, left + width))
                velocity[there] += window * self._flow(latents[there].contiguous(), time)
                weight[there] += window
        return velocity / weight


def _ramp(size: int) -> Tensor:
    """Return how much each latent pixel of a piece counts: at its rims less and less, never nothing."""
    rim = (torch.arange(size) + 1) / (OVERLAP + 1)
    return torch.minimum(torch.minimum(rim, rim.flip(0)), torch.ones(size))
