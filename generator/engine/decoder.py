"""The VAE's decoder: the reference's arithmetic without its empty work.

The reference divides by 1 after every pair of convolutions, which is a read and a write of the whole picture.
"""

from typing import Any, cast

from torch import Tensor
from torch.nn import functional

MOST_ELEMENTS = 2**31  # that torch enlarges with channels together: pytorch/pytorch issue 141831


def decoded(weights: Any, latents: Tensor) -> Tensor:
    """Return what a decoder's weights make of latents."""
    x = through_middle(weights.mid_block, weights.conv_in(latents))
    for level in weights.up_blocks:
        for pair in level.resnets:
            x = through_pair(pair, x)
        for upsampler in level.upsamplers or ():
            x = upsampler.conv(_enlarged(x))
    return cast(Tensor, weights.conv_out(functional.silu(weights.conv_norm_out(x))))


def through_middle(weights: Any, x: Tensor) -> Tensor:
    """Go through what is between the way down and the way up."""
    first, *others = weights.resnets
    x = through_pair(first, x)
    for attention, pair in zip(weights.attentions, others, strict=True):
        x = through_pair(pair, x if attention is None else _attended(attention, x))
    return x


def through_pair(weights: Any, x: Tensor) -> Tensor:
    """Go through two convolutions, beside which the input is kept."""
    found = weights.conv1(functional.silu(weights.norm1(x)))
    found = weights.conv2(functional.silu(weights.norm2(found)))
    kept = x if weights.conv_shortcut is None else weights.conv_shortcut(x)
    return cast(Tensor, kept + found)


def _attended(weights: Any, x: Tensor) -> Tensor:
    tokens = weights.group_norm(x.flatten(2)).transpose(1, 2)  # (n, h * w, channels)
    parts = (
        to(tokens).unflatten(-1, (weights.heads, -1)) for to in (weights.to_q, weights.to_k, weights.to_v)
    )
    q, k, v = (part.transpose(1, 2) for part in parts)
    seen = weights.attend(q, k, v).transpose(1, 2).flatten(2)
    return cast(Tensor, weights.to_out[0](seen).transpose(1, 2).reshape(x.shape) + x)


def _enlarged(x: Tensor) -> Tensor:
    if 4 * x.numel() >= MOST_ELEMENTS:
        x = x.contiguous()
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
