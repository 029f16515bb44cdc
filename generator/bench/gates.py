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
STEPS = 4
SHORT, LONG = "a red star", "a green heart on yellow " * 12
BATCHES: tuple[tuple[str, ...], ...] = ((SHORT,), (LONG,), (SHORT, "blue"), (SHORT, LONG, "a blue cat"))
SHAPES = ((64, 64), (96, 64))


class NotTheSame(Exception):
    """An arm draws something else; ``str(error)`` says which and by how much."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate found: the largest difference in fp32, and the least cosine on the device."""

    arm: str
    difference: float
    cosine: float


def pass_gates(entry: Entry, arm: Arm, stock: Arm, model: Networks) -> Verdict:
    """Return how near an arm is to the reference. Raises NotTheSame where that is not near enough."""
    difference = fp32_difference(Ours if entry.name == "exact" else None)
    cosine = min(_cosine(arm, stock, model, prompts) for prompts in BATCHES[:2])
    verdict = Verdict(entry.name, difference, cosine)
    if difference > FP32_LIMIT:
        raise NotTheSame(f"{entry.title} differs from the reference by {difference:.2g} in fp32.")
    if cosine < (LEAST_COSINE if entry.exact else LEAST_COSINE_NARROW):
        raise NotTheSame(f"{entry.title} has a cosine of {cosine:.6f} with the reference on this device.")
    return verdict


def fp32_difference(ours: type[Ours] | None) -> float:
    """Return the largest difference of latents between the engine and the reference, in fp32."""
    if ours is None:
        return 0.0
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


def _cosine(arm: Arm, stock: Arm, model: Networks, prompts: Sequence[str]) -> float:
    noise = noise_for(len(prompts), 64, 64).to(model.device)
    one, other = (each.denoise(each.encode(prompts), noise, STEPS).float().flatten() for each in (arm, stock))
    if not bool(torch.isfinite(one).all()):
        raise NotTheSame("The latents are no numbers.")
    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def noise_for(count: int, width: int, height: int, seed: int = 0) -> Tensor:
    """Return noise in fp32, the same for every arm."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randn((count, 16, height // 8, width // 8), generator=rng)
