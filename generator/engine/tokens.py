"""Where tokens stand: patches of a picture, their places, and the rotations that tell the places.

Everything here depends on sizes alone. Caption tokens count from 1 along the first axis; the picture stands
behind them, its rows and columns on the other two. What fills the picture up stands at the origin.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

PATCH = 2  # latent pixels along a token's side
BUCKET = 32  # tokens: picture and caption are each filled up to a multiple of it
TABLES_KEPT = 64  # shapes; one of 1024 x 1024 takes 1.6 MB

Rotations = tuple[Tensor, Tensor]
"""Of the picture's tokens and the caption's."""


def filled(tokens: int) -> int:
    """Return how long a row of so many tokens is once it is filled up."""
    return -(-tokens // BUCKET) * BUCKET


@functools.lru_cache(maxsize=TABLES_KEPT)
@torch.inference_mode(mode=False)  # kept for whoever asks next, which may be training
def rotations(rows: int, columns: int, caption: int, axes: tuple[int, ...], theta: float) -> Rotations:
    """Return cosines and sines, (tokens, head / 2, 2), for a picture's tokens and a caption's."""
    steps = (torch.tensor([caption + 1]), torch.arange(rows), torch.arange(columns))
    grid = torch.stack(torch.meshgrid(*steps, indexing="ij"), dim=-1).reshape(-1, 3)
    grid = functional.pad(grid, (0, 0, 0, -len(grid) % BUCKET))
    line = functional.pad(torch.arange(1, caption + 1)[:, None], (0, 2))
    return _rotation(grid, axes, theta), _rotation(line, axes, theta)


def _rotation(places: Tensor, axes: Sequence[int], theta: float) -> Tensor:
    angles = []
    for axis, dim in enumerate(axes):
        speed = 1.0 / theta ** (torch.arange(0, dim, 2, dtype=torch.float64) / dim)
        angles.append(torch.outer(places[:, axis].double(), speed).float())
    turns = torch.polar(torch.ones(()), torch.cat(angles, dim=1))
    return torch.view_as_real(turns).contiguous()


class Turns(NamedTuple):
    """Rotations as they are quick one kernel after the other, and as a compiler wants them."""

    whole: Tensor  # complex, (tokens, head / 2)
    factors: Tensor  # (tokens, 2, head)


def turns_of(*rotations: Tensor) -> Turns:
    """Return rotations, one behind the other, in both forms."""
    found = torch.cat(rotations)
    return Turns(torch.view_as_complex(found), factors(found))


def factors(turns: Tensor) -> Tensor:
    """Return what each channel and its neighbour are multiplied by, (tokens, 2, head), for rotations.

    Written out for every channel: a step that pairs the channels anew is one more kernel to a compiler.
    """
    cos, sin = turns.unbind(-1)
    own, neighbour = torch.stack([cos, cos], dim=-1), torch.stack([-sin, sin], dim=-1)
    return torch.stack([own.flatten(1), neighbour.flatten(1)], dim=1)


def patches(latents: Tensor) -> Tensor:
    """Return latents (n, channels, h, w) as patches, (n, h / 2 * w / 2, 4 * channels)."""
    n, channels, height, width = latents.shape
    cut = latents.view(n, channels, height // PATCH, PATCH, width // PATCH, PATCH)
    return cut.permute(0, 2, 4, 3, 5, 1).reshape(n, -1, PATCH * PATCH * channels)


def unpatched(tokens: Tensor, rows: int, columns: int) -> Tensor:
    """Return patches as latents again; tokens that fill up are left out."""
    n = len(tokens)
    cut = tokens[:, : rows * columns].reshape(n, rows, columns, PATCH, PATCH, -1)
    return cut.permute(0, 5, 1, 3, 2, 4).reshape(n, -1, rows * PATCH, columns * PATCH)
