"""From clean latents to pixels."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from PIL import Image


class BrokenPicture(ArithmeticError):
    """The model computed something that is no number."""


def decode(vae: Any, latents: torch.Tensor) -> Image.Image:
    """Return the picture of latents (1, 16, h / 8, w / 8). Raises BrokenPicture on NaN or infinity."""
    scaled = latents.to(vae.dtype) / vae.config.scaling_factor + (vae.config.shift_factor or 0.0)
    pixels = vae.decode(scaled, return_dict=False)[0]  # (1, 3, h, w), -1 to 1
    if not bool(torch.isfinite(pixels).all()):
        raise BrokenPicture
    levels = (pixels[0] * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0).float() * 255
    return Image.fromarray(levels.round().to(torch.uint8).cpu().numpy())


@contextmanager
def tiled(vae: Any) -> Iterator[None]:
    """Decode in tiles within."""
    before = vae.use_tiling
    vae.enable_tiling()
    try:
        yield
    finally:
        vae.use_tiling = before
