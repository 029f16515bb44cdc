"""A stock of drawn and encoded pictures; training takes each a few times before it is drawn anew."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor

from generator.embedded.autoencoder import as_tensor, encode
from generator.embedded.drawing import draw
from generator.embedded.scenes import Scene, any_scene

Brush = Callable[[Scene, int, int, random.Random], Image.Image]
"""How a scene becomes a picture of a width and a height."""


@dataclass(frozen=True, slots=True)
class Example:
    """A scene and its picture as scaled latents, (16, h/8, w/8)."""

    scene: Scene
    latents: Tensor


class Pool:
    """A shelf for each size, width first; pictures of the first are asked for most."""

    def __init__(
        self,
        model: AutoencoderKL,
        rng: random.Random,
        *,
        sizes: Sequence[tuple[int, int]],
        room: int,
        brush: Brush = draw,
    ) -> None:
        self._model = model
        self._rng = rng
        self._brush = brush
        self._sizes = sizes
        self._weights = [6] + [2] * (len(sizes) - 1)
        self._room = room
        self.shelves: list[list[Example]] = [[] for _ in self._sizes]

    def fill(self, pictures: int) -> None:
        """Draw so many at once."""
        for shelf in range(len(self._sizes)):
            for _ in range(1 + pictures * self._weights[shelf] // sum(self._weights)):
                self._add(shelf)

    def batch(self, count: int, fresh: int) -> list[Example]:
        """So many of one size, after drawing a few fresh ones of that size."""
        shelf = self._rng.choices(range(len(self._sizes)), self._weights)[0]
        missing = min(count, self._room_of(shelf)) - len(self.shelves[shelf])
        for _ in range(max(fresh, missing)):
            self._add(shelf)
        return self._rng.choices(self.shelves[shelf], k=count)

    def _add(self, shelf: int) -> None:
        examples = self.shelves[shelf]
        example = self._draw(self._sizes[shelf])
        if len(examples) < self._room_of(shelf):
            examples.append(example)
        else:
            examples[self._rng.randrange(len(examples))] = example

    def _room_of(self, shelf: int) -> int:
        return max(1, self._room * self._weights[shelf] // sum(self._weights))

    @torch.no_grad()
    def _draw(self, size: tuple[int, int]) -> Example:
        scene = any_scene(self._rng)
        picture = as_tensor(self._brush(scene, *size, self._rng))[None]
        with torch.autocast("cpu", torch.bfloat16):
            z = encode(self._model, picture.to(memory_format=torch.channels_last))
        config = self._model.config
        scaled = (z[0].float() - config.shift_factor) * config.scaling_factor
        return Example(scene, scaled.contiguous().to(torch.bfloat16))
