"""From clean latents to pixels."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from PIL import Image
from torch import Tensor
from torch.backends import cudnn

from generator.engine.vae import Vae


class BrokenPicture(ArithmeticError):
    """The model computed something that is no number."""


def decode(vae: Vae, latents: Tensor) -> Image.Image:
    """Return the picture of latents (1, 16, h / 8, w / 8). Raises BrokenPicture on NaN or infinity."""
    return picture_of(*(tensor.cpu() for tensor in pixels_of(vae, latents)))


def pixels_of(vae: Vae, latents: Tensor) -> tuple[Tensor, Tensor]:
    """Return pixels, (h, w, 3) in 8 bits, and whether all were numbers; nothing is waited for."""
    scaled = latents.to(vae.dtype) / vae.config.scaling_factor + (vae.config.shift_factor or 0.0)
    found = vae.decode(scaled)  # (1, 3, h, w), -1 to 1
    levels = (found[0] * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0).float() * 255
    return levels.round().to(torch.uint8), torch.isfinite(found).all()


def picture_of(pixels: Tensor, finite: Tensor) -> Image.Image:
    """Return the picture of pixels that are in the machine's memory. Raises BrokenPicture."""
    if not bool(finite):
        raise BrokenPicture
    return Image.fromarray(pixels.numpy())


@contextmanager
def trying() -> Iterator[None]:
    """Have cuDNN try its ways for each convolution that it meets here first; it keeps to the quickest.

    That takes a second for a size, too long for one that somebody waits for. The flag is the whole process's.
    """
    before = cudnn.benchmark
    cudnn.benchmark = True
    try:
        yield
    finally:
        cudnn.benchmark = before


@contextmanager
def tiled(vae: Vae) -> Iterator[None]:
    """Encode and decode in tiles within."""
    before = vae.use_tiling
    vae.use_tiling = True
    try:
        yield
    finally:
        vae.use_tiling = before
