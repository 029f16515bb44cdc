"""One picture at a time and batches of several, arm after arm and back again, so that load hits all alike."""

import io
import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from PIL import Image

from generator.bench.arms import Arm, Ours
from generator.bench.clock import ratio, summary, timed
from generator.bench.gates import noise_for
from generator.bench.pictures import photograph
from generator.engine.encode_file import encode_file
from generator.messages import PictureFormat
from generator.recipe import Recipe

STAGES = ("encode", "denoise", "decode")
WORDS = 12  # of the measured prompts: 22 tokens with what the model's template adds
LENGTHS = {20: WORDS, 60: 50, 200: 190}  # about so many tokens have so many words

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

    def told(self, base: "Timings", floor: float) -> dict[str, Any]:
        """Return them beside the reference's and the floor's seconds."""
        return {
            "stages": {stage: summary(seconds) for stage, seconds in self.stages.items()},
            "whole": summary(self.whole),
            "to_stock": dict(zip(("middle", "low", "high"), ratio(self.whole, base.whole), strict=True)),
            "to_floor": statistics.median(self.whole) / floor,
            "floor_seconds": floor,
        }


class Prompts:
    """Prompts that no cache has seen, as long as the process lives.

    All of one number of words have as many tokens: for others, the reference compiles some blocks anew.
    """

    _numbers = itertools.count()

    def __init__(self, words: int = WORDS) -> None:
        self._words = " ".join(("red", "circle", "and", "star")[index % 4] for index in range(words))

    def __call__(self, count: int) -> list[str]:
        """Return so many new ones."""
        return [f"{next(self._numbers):05} {self._words}" for _ in range(count)]


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
        prompt = prompts(1)
        stages = draw(arm, device, size, steps, prompt) | _aside(arm, device, size, prompt)
        for stage, seconds in stages.items():
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
    """Draw one batch and return the seconds of each stage, from prompt to pixels."""
    noise = noise_for(len(prompts), *size, seed=len(prompts)).to(device)
    encode, meaning = timed(device, lambda: arm.encode(prompts))
    denoise, latents = timed(device, lambda: arm.denoise(meaning, noise, steps))
    decode, _ = timed(device, lambda: arm.decode(latents))
    return {"encode": encode, "denoise": denoise, "decode": decode}


def _aside(arm: Arm, device: torch.device, size: tuple[int, int], prompts: Sequence[str]) -> dict[str, float]:
    """Return the seconds of a prompt that was there before, and of a file written by the arm's own way.

    It is a photograph's: what random weights draw packs like nothing else.
    """
    picture = _photograph(*size)
    hit, _ = timed(device, lambda: arm.encode(prompts))
    file, _ = timed(device, lambda: _written(arm, picture))
    return {"hit": hit, "file": file}


@lru_cache
def _photograph(width: int, height: int) -> Image.Image:
    return photograph(max(width, height)).crop((0, 0, width, height))


def _written(arm: Arm, picture: Image.Image) -> bytes:
    """The reference's users save a PNG, and so does the product where nobody asks for another format."""
    if isinstance(arm, Ours):
        return encode_file(picture, recipe_of(picture), PictureFormat.PNG)
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def recipe_of(picture: Image.Image) -> Recipe:
    """Return a recipe to write into the file."""
    return Recipe(prompt="-", model="-", width=picture.width, height=picture.height, steps=1, seed=0)


def batch(
    arms: Arms, device: torch.device, size: tuple[int, int], steps: int, count: int
) -> dict[str, float]:
    """Return pictures per second of so many together, prompt to pixels, the better of two visits."""
    prompts, found = Prompts(), dict.fromkeys(arms, 0.0)
    for name, arm in there_and_back(arms, 1):
        seconds = draw(arm, device, size, steps, prompts(count))
        found[name] = max(found[name], count / sum(seconds[stage] for stage in STAGES))
    return found


def read_text(arm: Arm, device: torch.device, tokens: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of reading new prompts of about so many tokens. The arm must be warm."""
    prompts = Prompts(LENGTHS[tokens])
    return summary([timed(device, lambda: arm.encode(prompts(1)))[0] for _ in range(rounds)])
