"""The VAE's encoder: the reference's arithmetic without its empty work."""

from typing import Any, cast

from torch import Tensor
from torch.nn import functional

from generator.engine.decoder import through_middle, through_pair


def encoded(weights: Any, pixels: Tensor) -> Tensor:
    """Return what an encoder's weights make of pixels, (n, 32, h, w)."""
    x = weights.conv_in(pixels)
    for level in weights.down_blocks:
        for pair in level.resnets:
            x = through_pair(pair, x)
        for downsampler in level.downsamplers or ():
            x = downsampler.conv(functional.pad(x, (0, 1, 0, 1)))
    x = through_middle(weights.mid_block, x)
    return cast(Tensor, weights.conv_out(functional.silu(weights.conv_norm_out(x))))
