# mypy: allow-untyped-calls
"""The transformer on plain tensors: what the stock forward computes from lists, without its lists.

A batch here has one picture size and one text length. Rotations are real sines and cosines instead of
complex numbers, so that a compiler can fuse them. Tested to agree with the stock forward.
"""

import functools
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import ZImageTransformer2DModel
from torch import Tensor

MULTIPLE = 32
"""Both text and picture are filled up to a multiple of so many tokens."""
Rotation = tuple[Tensor, Tensor]


def velocity(
    model: ZImageTransformer2DModel, latents: Tensor, t: Tensor, text: Tensor, said: Tensor
) -> Tensor:
    """The direction from noise to picture, (n, 16, h, w), for latents of that shape.

    `t` is 0 at noise and 1 at the picture, (n,); `text` is (n, length, width) with length a multiple of 32,
    and `said` tells which of it is real, (n, length).
    """
    rows, columns = latents.shape[2] // 2, latents.shape[3] // 2
    moment = model.t_embedder(t * model.t_scale).type_as(latents)
    turns_x, turns_text = _rotations(model, rows, columns, text.shape[1])

    x = model.all_x_embedder["2-1"](_patches(latents))  # (n, rows * columns, dim)
    missing = -x.shape[1] % MULTIPLE
    if missing:
        x = torch.cat([x, model.x_pad_token.expand(len(x), missing, -1).to(x.dtype)], dim=1)
    for layer in model.noise_refiner:
        x = block(layer, x, turns_x, moment)

    words = model.cap_embedder(text)
    words = torch.where(said[..., None], words, model.cap_pad_token.to(words.dtype))
    for layer in model.context_refiner:
        words = block(layer, words, turns_text, None)

    both = torch.cat([x, words], dim=1)
    turns = torch.cat([turns_x[0], turns_text[0]]), torch.cat([turns_x[1], turns_text[1]])
    for layer in model.layers:
        both = block(layer, both, turns, moment)
    out = model.all_final_layer["2-1"](both[:, : rows * columns], c=moment)
    return _unpatch(out, rows, columns)


def block(layer: Any, x: Tensor, turns: Rotation, moment: Tensor | None) -> Tensor:
    """One transformer block, modulated by the moment where there is one."""
    if moment is None:
        x = x + layer.attention_norm2(_attend(layer.attention, layer.attention_norm1(x), turns))
        plain: Tensor = x + layer.ffn_norm2(layer.feed_forward(layer.ffn_norm1(x)))
        return plain
    modulation = layer.adaLN_modulation(moment)[:, None].chunk(4, dim=2)
    scale_attention, gate_attention, scale_mlp, gate_mlp = modulation
    seen = _attend(layer.attention, layer.attention_norm1(x) * (1 + scale_attention), turns)
    x = x + gate_attention.tanh() * layer.attention_norm2(seen)
    thought = layer.feed_forward(layer.ffn_norm1(x) * (1 + scale_mlp))
    modulated: Tensor = x + gate_mlp.tanh() * layer.ffn_norm2(thought)
    return modulated


def _attend(attention: Any, x: Tensor, turns: Rotation) -> Tensor:
    heads = attention.heads
    every = torch.cat([attention.to_q.weight, attention.to_k.weight, attention.to_v.weight])
    q, k, v = F.linear(x, every).unflatten(-1, (3, heads, -1)).unbind(2)
    q = _turn(attention.norm_q(q), turns).to(v.dtype)
    k = _turn(attention.norm_k(k), turns).to(v.dtype)
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    seen = (q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)).softmax(-1).to(v.dtype) @ v
    out: Tensor = attention.to_out[0](seen.transpose(1, 2).flatten(2))
    return out


def _turn(x: Tensor, turns: Rotation) -> Tensor:
    """Rotate neighbouring pairs of channels; x is (n, length, heads, head_dim)."""
    cos, sin = (part[:, None] for part in turns)  # (length, 1, head_dim / 2)
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def _rotations(
    model: ZImageTransformer2DModel, rows: int, columns: int, length: int
) -> tuple[Rotation, Rotation]:
    config = model.config
    return _tables(rows, columns, length, tuple(config.axes_dims), config.rope_theta)


@functools.lru_cache(maxsize=64)
def _tables(
    rows: int, columns: int, length: int, axes: tuple[int, ...], theta: float
) -> tuple[Rotation, Rotation]:
    grid = torch.stack(
        torch.meshgrid(torch.tensor([length + 1]), torch.arange(rows), torch.arange(columns), indexing="ij"),
        dim=-1,
    ).reshape(-1, 3)
    grid = F.pad(grid, (0, 0, 0, -len(grid) % MULTIPLE))  # the fill stands at 0, 0, 0
    line = F.pad(torch.arange(1, length + 1)[:, None], (0, 2))
    return _rotation(grid, axes, theta), _rotation(line, axes, theta)


def _rotation(places: Tensor, axes: tuple[int, ...], theta: float) -> Rotation:
    angles = []
    for axis, dim in enumerate(axes):
        speed = 1.0 / theta ** (torch.arange(0, dim, 2, dtype=torch.float64) / dim)
        angles.append(torch.outer(places[:, axis].double(), speed).float())
    every = torch.cat(angles, dim=1)
    return every.cos(), every.sin()


def _patches(latents: Tensor) -> Tensor:
    n, channels, height, width = latents.shape
    x = latents.view(n, channels, height // 2, 2, width // 2, 2)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(n, height * width // 4, 4 * channels)


def _unpatch(x: Tensor, rows: int, columns: int) -> Tensor:
    x = x.view(len(x), rows, columns, 2, 2, -1).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(len(x), -1, 2 * rows, 2 * columns)
