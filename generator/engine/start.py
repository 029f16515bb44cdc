"""What the pictures of a batch start from: encoded, with as much noise as the first step wants.

The noise levels, the number of steps and how masks are held are the reference's, `ZImageImg2ImgPipeline` and
`ZImageInpaintPipeline`. Two things are firmer: a picture is encoded as the middle of what its encoding may
be, not as a sample of it, so that one encoding serves all; and a cell of the latents is drawn where any pixel
of the mask within it is white, not where the first is.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from generator.engine.decode import tiled
from generator.engine.latents import slerp
from generator.engine.latest import Latest
from generator.engine.place import Size, placed, redrawn
from generator.engine.shortage import is_out_of_memory
from generator.engine.vae import Vae
from generator.messages import name_of
from generator.recipe import MAX_SIDE, Recipe, Start
from generator.tiles import CELL

KEPT = 8  # encoded pictures; one of 1024x1024 takes 1 MB


class UnusableStart(Exception):
    """A picture to start from cannot be read."""


def opened(pictures: Sequence[bytes]) -> dict[str, Image.Image]:
    """Return pictures and masks by their names. Raises UnusableStart."""
    return {name_of(picture): _opened(picture) for picture in pictures}


def _opened(picture: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG",)) as found:
            if max(found.size) <= MAX_SIDE:
                return found.convert("L" if found.mode == "L" else "RGB")
    except Exception as error:  # Pillow raises anything over a damaged file
        raise UnusableStart(type(error).__name__) from error
    raise UnusableStart("It is too large.")


@dataclass(frozen=True, slots=True)
class Beginning:
    """Clean latents and their noise, (pictures, 16, h / 8, w / 8), and what is drawn, 1 or 0, one channel.

    What is larger than `most`, (height, width) of latents, is drawn piece by piece.
    """

    clean: Tensor
    noise: Tensor
    drawn: Tensor | None
    most: tuple[int, int] | None = None

    def at(self, sigma: Tensor) -> Tensor:
        """Return the latents at a noise level."""
        return sigma * self.noise + (1.0 - sigma) * self.clean

    def held(self, latents: Tensor, sigma: Tensor) -> Tensor:
        """Return the latents of a noise level, with what is not drawn as it would be there."""
        if self.drawn is None:
            return latents
        return (1 - self.drawn) * self.at(sigma) + self.drawn * latents


class Encoder:
    """Encodes pictures to start from and remembers the latest, so that siblings do not encode again."""

    def __init__(self, vae: Vae, device: torch.device) -> None:
        self._vae = vae
        self._device = device
        self._encodings: Latest[tuple[object, ...], Tensor] = Latest(KEPT)

    def beginning(
        self,
        recipes: Sequence[Recipe],
        pictures: Mapping[str, Image.Image],
        noise: Tensor,
        drawn: Size,
        piece: Size,
    ) -> Beginning:
        """Return what recipes start from, each with its row of the noise; `piece` is a size drawn well."""
        clean = torch.stack([self._clean(each, pictures, drawn) for each in recipes])
        most = (piece[1] // CELL, piece[0] // CELL) if _start(recipes[0]).tiled else None
        return Beginning(clean, noise, self._masks(recipes, pictures, drawn), most)

    def _clean(self, recipe: Recipe, pictures: Mapping[str, Image.Image], drawn: Size) -> Tensor:
        start, wished = _start(recipe), (recipe.width, recipe.height)
        one = self._encoded(start.picture, pictures, wished, drawn)
        if start.other is None:
            return one
        return slerp(one, self._encoded(start.other, pictures, wished, drawn), start.share).type_as(one)

    def _encoded(self, name: str, pictures: Mapping[str, Image.Image], wished: Size, drawn: Size) -> Tensor:
        return self._encodings(
            (name, wished, drawn),
            lambda: self._encode(placed(pictures[name].convert("RGB"), wished, drawn)),
        )

    def _encode(self, picture: Image.Image) -> Tensor:
        levels = torch.from_numpy(np.array(picture))[None].to(self._device)  # (1, h, w, 3)
        pixels = (levels.permute(0, 3, 1, 2).float() / 255) * 2 - 1
        mean = self._mean(pixels.to(self._vae.dtype))
        config = self._vae.config
        return (mean[0].float() - (config.shift_factor or 0.0)) * config.scaling_factor

    def _mean(self, pixels: Tensor) -> Tensor:
        """Encode whole; in tiles where memory is short for that, as it may be for four megapixels."""
        try:
            return self._vae.encode(pixels)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        with tiled(self._vae):
            return self._vae.encode(pixels)

    def _masks(
        self, recipes: Sequence[Recipe], pictures: Mapping[str, Image.Image], drawn: Size
    ) -> Tensor | None:
        if all(_start(each).mask is None for each in recipes):
            return None
        return torch.stack([self._mask(each, pictures, drawn) for each in recipes])

    def _mask(self, recipe: Recipe, pictures: Mapping[str, Image.Image], drawn: Size) -> Tensor:
        mask = _start(recipe).mask
        if mask is None:
            return torch.ones(1, drawn[1] // CELL, drawn[0] // CELL, device=self._device)
        white = np.array(redrawn(pictures[mask], (recipe.width, recipe.height), drawn)) > 0
        return functional.max_pool2d(torch.from_numpy(white)[None].float(), CELL).to(self._device)


def _start(recipe: Recipe) -> Start:
    assert recipe.start is not None
    return recipe.start
