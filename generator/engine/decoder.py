"""The VAE's decoder without the reference's empty work, compiled for each shape where a device gains by it.

The reference divides by 1 after every pair of convolutions, which is a read and a write of the whole picture.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from generator.engine.compiled import Compiled

MOST_ELEMENTS = 2**31  # that torch enlarges with channels together: pytorch/pytorch issue 141831


class Decoder(nn.Module):
    """In the place of a reference decoder, whose weights it uses."""

    def __init__(self, stock: nn.Module, compiled: Compiled | None, whole: Callable[[], bool]) -> None:
        super().__init__()
        self.stock = stock
        self._compiled = compiled
        self._whole = whole

    def forward(self, latents: Tensor) -> Tensor:
        """Return pixels (n, 3, 8 h, 8 w) of latents (n, 16, h, w)."""
        go = decoded
        if self._compiled is not None and self._whole():
            key = "decoder", tuple(latents.shape), latents.dtype
            go = self._compiled.form_of(decoded, key, lambda: (self.stock, torch.zeros_like(latents)))
        return go(self.stock, latents)


def quicken(vae: Any, compiled: Compiled | None = None) -> None:
    """Give a reference VAE the quick decoder. Tiles come in many shapes; they are decoded plainly."""
    stock = vae.decoder.stock if isinstance(vae.decoder, Decoder) else vae.decoder
    vae.decoder = Decoder(stock, compiled, lambda: not vae.use_tiling)


def decoded(stock: Any, latents: Tensor) -> Tensor:
    """Return what a reference decoder makes of latents."""
    x = stock.conv_in(latents)
    first, *others = stock.mid_block.resnets
    x = _pair(first, x)
    for attention, pair in zip(stock.mid_block.attentions, others, strict=True):
        x = _pair(pair, x if attention is None else _attended(attention, x))
    for block in stock.up_blocks:
        for pair in block.resnets:
            x = _pair(pair, x)
        for upsampler in block.upsamplers or ():
            x = upsampler.conv(_enlarged(x))
    return cast(Tensor, stock.conv_out(functional.silu(stock.conv_norm_out(x))))


def _pair(layer: Any, x: Tensor) -> Tensor:
    """Go through two convolutions, beside which the input is kept."""
    found = layer.conv1(functional.silu(layer.norm1(x)))
    found = layer.conv2(functional.silu(layer.norm2(found)))
    kept = x if layer.conv_shortcut is None else layer.conv_shortcut(x)
    return cast(Tensor, kept + found)


def _attended(layer: Any, x: Tensor) -> Tensor:
    tokens = layer.group_norm(x.flatten(2)).transpose(1, 2)  # (n, h * w, channels)
    parts = (to(tokens).unflatten(-1, (layer.heads, -1)) for to in (layer.to_q, layer.to_k, layer.to_v))
    q, k, v = (part.transpose(1, 2) for part in parts)
    seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return cast(Tensor, layer.to_out[0](seen).transpose(1, 2).reshape(x.shape) + x)


def _enlarged(x: Tensor) -> Tensor:
    if 4 * x.numel() >= MOST_ELEMENTS:
        x = x.contiguous()
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
