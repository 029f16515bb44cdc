"""The noise that a picture starts from: drawn on the CPU, so neither batch nor card changes it."""

import math

import torch

from generator.models import LATENT_STEP
from generator.recipe import Recipe


def initial_latents(recipe: Recipe, channels: int, width: int, height: int) -> torch.Tensor:
    """Return the recipe's noise for a drawn size, (channels, height / 8, width / 8)."""
    shape = (channels, 2 * (height // LATENT_STEP), 2 * (width // LATENT_STEP))
    noise = seeded_noise(recipe.seed, shape)
    if recipe.variation_seed is None or recipe.variation_strength == 0:
        return noise
    return slerp(noise, seeded_noise(recipe.variation_seed, shape), recipe.variation_strength)


def seeded_noise(seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Return standard normal noise that the seed alone fixes."""
    rng = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(shape, generator=rng, dtype=torch.float32)


def slerp(start: torch.Tensor, end: torch.Tensor, strength: float) -> torch.Tensor:
    """Return the point at `strength` of the way along the arc from `start` to `end`.

    A straight line would leave the shell on which noise lives, and the picture would be flat.
    """
    one, other = start.flatten().double(), end.flatten().double()
    angle = math.acos(max(-1.0, min(1.0, float(one @ other / (one.norm() * other.norm())))))
    if math.sin(angle) < 1e-6:  # noqa: PLR2004  the same direction: no arc between them
        return start if strength < 1 else end
    return (math.sin((1 - strength) * angle) * start + math.sin(strength * angle) * end) / math.sin(angle)
