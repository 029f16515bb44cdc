"""Whether an arm draws what the reference draws. No speed counts before these are passed.

In fp32 on the processor, with random weights, so that nothing hides behind rounding: single pictures,
batches of one caption length and of several, square and oblong. Then on the device as it is measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generator.bench.arms import Arm, Entry, Ours, Stock
from generator.bench.sizes import TINY, Networks, networks

FP32_LIMIT = 1e-5
LEAST_COSINE = 0.9999
LEAST_COSINE_NARROW = 0.99  # in eight bits
MOST_DECIBELS = 200.0  # said of what is the same to the bit
STEPS = 4
SHORT, LONG = "a red star", "a green heart on yellow " * 12
BATCHES: tuple[tuple[str, ...], ...] = ((SHORT,), (LONG,), (SHORT, "blue"), (SHORT, LONG, "a blue cat"))
SHAPES = ((64, 64), (96, 64))


class NotTheSame(Exception):
    """An arm draws something else; ``str(error)`` says which and by how much."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate found: the largest difference in fp32, and how near it is on the device at the least.

    `difference` is None for an arm that is the reference's own code.
    """

    arm: str
    difference: float | None
    cosine: float
    decibels: float  # of the peaks over the difference


@dataclass(frozen=True, slots=True)
class Gate:
    """Where arms must draw what `stock` draws: at this size of picture, on the model's device."""

    stock: Arm
    model: Networks
    picture: tuple[int, int]

    def passed(self, entry: Entry, arm: Arm, rounding: float = MOST_DECIBELS) -> Verdict:
        """Return how near an arm is to the reference. Raises NotTheSame where that is not near enough.

        Nearer than `rounding` is near enough: so many decibels the reference reaches when it is compiled.
        """
        difference = fp32_difference(Ours) if entry.name == "exact" else None
        pairs = [self._pair(arm, prompts) for prompts in BATCHES[: 1 if entry.compiles else 2]]
        verdict = Verdict(
            arm=entry.name,
            difference=difference,
            cosine=min(_cosine(*pair) for pair in pairs),
            decibels=min(_decibels(*pair) for pair in pairs),
        )
        _check(entry, verdict, rounding)
        return verdict

    def _pair(self, arm: Arm, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        noise = noise_for(len(prompts), *self.picture).to(self.model.device)
        one, other = (
            each.denoise(each.encode(prompts), noise, STEPS).float().flatten() for each in (arm, self.stock)
        )
        if not bool(torch.isfinite(one).all()):
            raise NotTheSame("The latents are no numbers.")
        return one, other


def _check(entry: Entry, verdict: Verdict, rounding: float) -> None:
    if verdict.difference is not None and verdict.difference > FP32_LIMIT:
        raise NotTheSame(f"{entry.title} differs from the reference by {verdict.difference:.2g} in fp32.")
    least = LEAST_COSINE if entry.exact else LEAST_COSINE_NARROW
    if verdict.cosine < least and verdict.decibels < rounding:
        raise NotTheSame(
            f"{entry.title} has a cosine of {verdict.cosine:.6f} with the reference on this device."
        )


def fp32_difference(ours: type[Ours]) -> float:
    """Return the largest difference of latents between the engine and the reference, in fp32."""
    model = networks(TINY, torch.device("cpu"), torch.float32)
    one, other = ours(model), Stock(model)
    return max(
        float((_latents(one, prompts, size) - _latents(other, prompts, size)).abs().max())
        for prompts, size in _cases()
    )


def _cases() -> Iterator[tuple[tuple[str, ...], tuple[int, int]]]:
    return ((prompts, size) for prompts in BATCHES for size in SHAPES)


def _latents(arm: Arm, prompts: Sequence[str], size: tuple[int, int]) -> Tensor:
    noise = noise_for(len(prompts), *size)
    return arm.denoise(arm.encode(prompts), noise, STEPS).float()


def _cosine(one: Tensor, other: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def _decibels(one: Tensor, other: Tensor) -> float:
    peaks, error = other.max() - other.min(), (one - other).square().mean()
    return min(MOST_DECIBELS, float(10 * torch.log10(peaks.square() / error)))


def noise_for(count: int, width: int, height: int, seed: int = 0) -> Tensor:
    """Return noise in fp32, the same for every arm."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randn((count, 16, height // 8, width // 8), generator=rng)
