# mypy: allow-untyped-calls
"""The transformer on plain tensors, for training: what the stock forward computes, without its lists.

A batch here has one picture size and one text length. The blocks are the engine's, with the stock's own
matrices, so that gradients reach them. Tested to agree with the stock forward.
"""

from typing import Any

import torch
from diffusers import ZImageTransformer2DModel
from torch import Tensor

from generator.engine import block as blocks
from generator.engine.tokens import BUCKET, factors, patches, rotations, unpatched

MULTIPLE = BUCKET
"""Both text and picture are filled up to a multiple of so many tokens."""
KEY = "2-1"


def velocity(
    model: ZImageTransformer2DModel, latents: Tensor, t: Tensor, text: Tensor, said: Tensor
) -> Tensor:
    """The direction from noise to picture, (n, 16, h, w), for latents of that shape.

    `t` is 0 at noise and 1 at the picture, (n,); `text` is (n, length, width) with length a multiple of 32,
    and `said` tells which of it is real, (n, length).
    """
    rows, columns = latents.shape[2] // 2, latents.shape[3] // 2
    moment = model.t_embedder(t * model.t_scale).type_as(latents)
    axes = tuple(model.config.axes_dims)
    found = rotations(rows, columns, text.shape[1], axes, model.config.rope_theta)
    turns_x, turns_text = (factors(each) for each in found)

    x = model.all_x_embedder[KEY](patches(latents))  # (n, rows * columns, dim)
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
    turns = torch.cat([turns_x, turns_text])
    for layer in model.layers:
        both = block(layer, both, turns, moment)
    out = model.all_final_layer[KEY](both[:, : rows * columns], c=moment)
    return unpatched(out, rows, columns)


def block(layer: Any, x: Tensor, turns: Tensor, moment: Tensor | None) -> Tensor:
    """One transformer block, modulated by the moment where there is one."""
    modulation = None if moment is None else blocks.modulation_of(layer, moment)
    return blocks.block(blocks.block_of(layer), x, turns, modulation, blocks.plain_attention)
