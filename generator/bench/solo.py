"""One picture at a time and batches of several, arm after arm and back again, so that load hits all alike."""

import io
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from PIL import Image

from generator.bench.arms import Arm, Ours
from generator.bench.clock import timed
from generator.bench.gates import noise_for
from generator.engine.encode_file import encode_file
from generator.messages import PictureFormat
from generator.recipe import Recipe

STAGES = ("encode", "denoise", "decode")
WORDS = 12  # of the measured prompts: one bucket of tokens and a bit

WAIT = 0.1  # seconds, between two looks whether an arm is warm

Arms = Mapping[str, Arm]


@dataclass(slots=True)
class Timings:
    """Seconds of one arm at one shape, a list per stage, and from prompt to pixels."""

    stages: dict[str, list[float]] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        """Note one measurement."""
        self.stages.setdefault(stage, []).append(seconds)

    @property
    def whole(self) -> list[float]:
        """Prompt to pixels, one sum per picture."""
        return [sum(each) for each in zip(*(self.stages[stage] for stage in STAGES), strict=True)]


class Prompts:
    """Prompts that no cache has seen, as long as the process lives."""

    _numbers = itertools.count()

    def __call__(self, count: int) -> list[str]:
        """Return so many new ones."""
        words = " ".join(("red", "circle", "and", "star")[index % 4] for index in range(WORDS))
        return [f"{next(self._numbers)} {words}" for _ in range(count)]


def there_and_back(arms: Arms, visits: int) -> Iterator[tuple[str, Arm]]:
    """Yield A B C C B A, as often as wished: what warms or slows the machine meets every arm."""
    for _ in range(visits):
        yield from arms.items()
        yield from reversed(list(arms.items()))


def solo(
    arms: Arms, device: torch.device, size: tuple[int, int], steps: int, visits: int
) -> dict[str, Timings]:
    """Return the timings of single pictures. The arms must be warm."""
    prompts = Prompts()
    found = {name: Timings() for name in arms}
    for name, arm in there_and_back(arms, visits):
        for stage, seconds in draw(arm, device, size, steps, prompts(1)).items():
            found[name].add(stage, seconds)
    return found


def warm_up(arm: Arm, draw_one: Callable[[], object], more: int, patience: float) -> None:
    """Draw until an arm has compiled what it will, or for so many seconds; then so many pictures more."""
    draw_one()
    end = time.monotonic() + patience
    while arm.warming() and time.monotonic() < end:
        time.sleep(WAIT)
    for _ in range(more):
        draw_one()


def draw(
    arm: Arm, device: torch.device, size: tuple[int, int], steps: int, prompts: Sequence[str]
) -> dict[str, float]:
    """Draw one batch and return the seconds of each stage; a file is written by each arm's own way."""
    noise = noise_for(len(prompts), *size, seed=len(prompts)).to(device)
    encode, meaning = timed(device, lambda: arm.encode(prompts))
    denoise, latents = timed(device, lambda: arm.denoise(meaning, noise, steps))
    decode, pictures = timed(device, lambda: arm.decode(latents))
    write, _ = timed(device, lambda: [_written(arm, picture) for picture in pictures])
    hit, _ = timed(device, lambda: arm.encode(prompts))
    return {"encode": encode, "denoise": denoise, "decode": decode, "file": write, "hit": hit}


def _written(arm: Arm, picture: Any) -> bytes:
    """The reference's users save a PNG, and so does the product where nobody asks for another format."""
    if isinstance(arm, Ours):
        return encode_file(picture, recipe_of(picture), PictureFormat.PNG)
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def recipe_of(picture: Image.Image) -> Recipe:
    """Return a recipe to write into the file."""
    return Recipe(prompt="-", model="-", width=picture.width, height=picture.height, steps=1, seed=0)


def batches(
    arms: Arms, device: torch.device, size: tuple[int, int], steps: int, counts: Sequence[int]
) -> dict[str, dict[int, float]]:
    """Return pictures per second by arm and batch, prompt to pixels, the better of two visits."""
    prompts, found = Prompts(), {name: dict.fromkeys(counts, 0.0) for name in arms}
    for count in counts:
        for name, arm in there_and_back(arms, 1):
            seconds = draw(arm, device, size, steps, prompts(count))
            rate = count / sum(seconds[stage] for stage in STAGES)
            found[name][count] = max(found[name][count], rate)
    return found
