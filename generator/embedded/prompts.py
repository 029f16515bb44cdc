"""The held-out prompts that the score is taken over: kept in a file, never trained on."""

import functools
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from generator.embedded.captions import caption
from generator.embedded.scenes import (
    GROUNDS,
    NEVER_SEEN,
    NEVER_TAUGHT,
    RATIOS,
    Figure,
    Landscape,
    Poster,
    Scene,
    any_scene,
    other_colour,
)

FILE: Final = Path(__file__).parent / "prompts.json"
COUNT: Final = 360
FROM_NEVER_TAUGHT: Final = 90
FROM_NEVER_SEEN: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is typed, what should be seen, and how it is drawn."""

    text: str
    language: str
    scene: Scene
    ratio: str
    seed: int

    @property
    def taught(self) -> bool:
        """Whether training has seen these colours on these shapes, these things at this time."""
        if isinstance(self.scene, Landscape):
            return not {(thing, self.scene.time) for thing in self.scene.things} & NEVER_SEEN
        pairs = {(figure.colour, figure.shape) for figure in self.scene.figures}
        return not pairs & NEVER_TAUGHT


def held_out_prompts() -> list[Prompt]:
    """All of them, from the file."""
    return [_from_json(entry) for entry in json.loads(FILE.read_text("utf-8"))]


@functools.cache
def _held_out_texts() -> frozenset[str]:
    return frozenset(prompt.text for prompt in held_out_prompts())


def training_caption(scene: Scene, language: str, rng: Random) -> str:
    """A caption that is not one of the held-out prompts."""
    while (text := caption(scene, language, rng)) in _held_out_texts():
        pass
    return text


def make_prompts(seed: int) -> list[Prompt]:
    """Draw them: the never-taught pairs in every language, then whatever training might ask as well."""
    rng = Random(f"{seed}-prompts")
    scenes: list[Scene] = [_never_taught(rng, turn) for turn in range(FROM_NEVER_TAUGHT)]
    scenes += [_never_seen(turn) for turn in range(FROM_NEVER_SEEN)]
    scenes += [any_scene(rng) for _ in range(COUNT - len(scenes))]
    prompts: dict[str, Prompt] = {}
    for turn, scene in enumerate(scenes):
        language = ("en", "ru", "zh")[turn % 3]
        ratio = rng.choice(list(RATIOS)) if turn % 2 else "1:1"
        text = caption(scene, language, rng)
        while text in prompts:
            text = caption(scene, language, rng)
        prompts[text] = Prompt(text=text, language=language, scene=scene, ratio=ratio, seed=1000 + turn)
    return list(prompts.values())


def _never_taught(rng: Random, turn: int) -> Poster:
    colour, shape = sorted(NEVER_TAUGHT)[turn % len(NEVER_TAUGHT)]
    return Poster(background=other_colour(rng, [colour]), figures=(Figure(shape=shape, colour=colour),))


def _never_seen(turn: int) -> Landscape:
    thing, time = sorted(NEVER_SEEN)[turn // 3 % len(NEVER_SEEN)]
    ground = next(ground for ground in GROUNDS if thing in GROUNDS[ground])
    return Landscape(time=time, ground=ground, things=frozenset({thing}))


def write_prompts(prompts: list[Prompt]) -> None:
    """One prompt a line, to be read by people too."""
    lines = [json.dumps(_as_json(prompt), ensure_ascii=False) for prompt in prompts]
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


def _as_json(prompt: Prompt) -> dict[str, Any]:
    said = {"text": prompt.text, "language": prompt.language, "ratio": prompt.ratio, "seed": prompt.seed}
    match prompt.scene:
        case Poster(background=background, figures=figures, blend=blend, second=second):
            ground = {"background": background, "blend": blend, "second": second}
            return said | ground | {"figures": [asdict(figure) for figure in figures]}
        case Landscape(time=time, ground=ground, things=things):
            return said | {"time": time, "ground": ground, "things": sorted(things)}


def _from_json(entry: dict[str, Any]) -> Prompt:
    scene: Scene
    if "background" in entry:
        figures = tuple(Figure(**figure) for figure in entry["figures"])
        ground = {name: entry[name] for name in ("background", "blend", "second")}
        scene = Poster(**ground, figures=figures)
    else:
        scene = Landscape(time=entry["time"], ground=entry["ground"], things=frozenset(entry["things"]))
    return Prompt(
        text=entry["text"],
        language=entry["language"],
        scene=scene,
        ratio=entry["ratio"],
        seed=entry["seed"],
    )
