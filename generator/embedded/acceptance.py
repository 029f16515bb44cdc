# mypy: allow-untyped-calls
"""What the embedded model must reach, line by line, each with what was asked and what was measured.

    python -m generator.embedded.acceptance [--weights FOLDER] [--out FOLDER] [--quick]

Writes `acceptance.json`. The pictures are painted by the stock pipeline: eight steps, guidance 0,
half-precision files computed in single precision, one thread. `--quick` takes an eighth of everything.
"""

import argparse
import itertools
import json
import math
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, ZImageImg2ImgPipeline, ZImagePipeline
from PIL import Image

from generator.embedded import WEIGHTS
from generator.embedded.autoencoder import as_tensor, held_out
from generator.embedded.captions import caption
from generator.embedded.evaluate import STEPS, judged, open_pipeline, paint, paint_at, paint_held_out
from generator.embedded.oddities import ODDITIES, PARAPHRASES
from generator.embedded.prompts import Prompt
from generator.embedded.scenes import BASIC_SHAPES, COLOURS, PAIRS, Figure, Landscape, Poster
from generator.embedded.scorer import Floats, Verdict, judge, size_of
from generator.engine.latents import seeded_noise, slerp

SIZES = ((128, 128), (192, 320), (320, 192))
STRENGTHS = (0.0, 0.15, 0.4, 0.7, 1.0)
"""Of variations: none, subtle, strong, stronger, another seed."""
LIMIT_MB = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One demand. `least` says that more is better; `measured` is over `number` cases."""

    name: str
    asked: float
    measured: float
    least: bool = True
    number: int

    @property
    def met(self) -> bool:
        """Whether the demand is met."""
        return self.measured >= self.asked if self.least else self.measured <= self.asked


Judged = Sequence[tuple[Prompt, Verdict]]


def share(name: str, asked: float, rights: Iterable[bool | None]) -> Line:
    """How many are right, of those that can be right or wrong."""
    known = [right for right in rights if right is not None]
    return Line(name=name, asked=asked, measured=sum(known) / max(1, len(known)), number=len(known))


def over_the_prompts(judged: Judged) -> Iterator[Line]:
    """The demands on the held-out prompts."""
    yield share("background", 0.98, (verdict.background for _, verdict in judged))
    yield share("object colour", 0.95, (verdict.colour for _, verdict in judged))
    singles = [(figure, verdict) for figure, verdict in _singles(judged)]
    basic = [(figure, verdict) for figure, verdict in singles if figure.shape in BASIC_SHAPES]
    yield share("shape, six basic shapes", 0.9, (verdict.shape for _, verdict in basic))
    for shape in sorted({figure.shape for figure, _ in singles}):
        yield share(f"shape {shape}", 0.8, (v.shape for figure, v in singles if figure.shape == shape))
    yield share("background, colour and shape", 0.85, (_all_three(verdict) for _, verdict in basic))
    yield share("position", 0.85, (verdict.place for _, verdict in singles))
    yield share(
        "pairs, both colours on the right sides", 0.8, (v.colour for _, v in _several(judged, pairs=True))
    )
    yield share("two to five alike, counted", 0.75, (v.count for _, v in _several(judged, pairs=False)))
    landscapes = [verdict for prompt, verdict in judged if isinstance(prompt.scene, Landscape)]
    yield share("time of day by the sky", 0.95, (verdict.background for verdict in landscapes))


def _singles(judged: Judged) -> Iterator[tuple[Figure, Verdict]]:
    for prompt, verdict in judged:
        if isinstance(prompt.scene, Poster) and len(prompt.scene.figures) == 1:
            yield prompt.scene.figures[0], verdict


def _several(judged: Judged, *, pairs: bool) -> Iterator[tuple[Prompt, Verdict]]:
    for prompt, verdict in judged:
        if isinstance(prompt.scene, Poster) and len(prompt.scene.figures) > 1:
            places = tuple(figure.place for figure in prompt.scene.figures)
            if (places in PAIRS) == pairs:
                yield prompt, verdict


def _all_three(verdict: Verdict) -> bool:
    return bool(verdict.background and verdict.colour and verdict.shape)


def in_order_of_size(pipeline: ZImagePipeline, triples: int) -> Line:
    """Small, normal and big of the same figure from the same seed."""
    rights = []
    for turn in range(triples):
        shape, colour = BASIC_SHAPES[turn % 6], list(COLOURS)[turn % 9]
        areas = [
            size_of(paint(pipeline, f"a {size} {colour} {shape}".replace("  ", " "), "1:1", turn))
            for size in ("small", "", "big")
        ]
        rights.append(areas[0] < areas[1] < areas[2])
    return share("small < normal < big", 0.95, rights)


def at_other_sizes(pipeline: ZImagePipeline, each: int) -> Iterator[Line]:
    """Single figures at sizes beside the native ones."""
    for width, height in SIZES:
        verdicts = []
        for prompt in _plain_prompts(each):
            picture = paint_at(pipeline, prompt.text, (width, height), prompt.seed)
            verdicts.append(judge(picture, prompt.scene))
        yield share(f"colour at {width}x{height}", 0.95, (verdict.colour for verdict in verdicts))
        yield share(f"shape at {width}x{height}", 0.85, (verdict.shape for verdict in verdicts))


def _plain_prompts(count: int) -> Iterator[Prompt]:
    """One basic shape each, in turn, in the middle."""
    rng = Random("other sizes")
    for turn in range(count):
        shape, colour = BASIC_SHAPES[turn % 6], rng.choice(list(COLOURS))
        ground = rng.choice([other for other in COLOURS if other != colour])
        scene = Poster(background=ground, figures=(Figure(shape=shape, colour=colour),))
        language = ("en", "ru", "zh")[turn % 3]
        yield Prompt(
            text=caption(scene, language, rng), language=language, scene=scene, ratio="1:1", seed=turn
        )


def at_512(pipeline: ZImagePipeline, count: int) -> Iterator[Line]:
    """Four times the native area: it need not be good, only quick enough and not lost."""
    begun = time.monotonic()
    rights = []
    for prompt in _plain_prompts(count):
        verdict = judge(paint_at(pipeline, prompt.text, (512, 512), prompt.seed), prompt.scene)
        rights.append(verdict.background and verdict.colour)
    seconds = (time.monotonic() - begun) / count
    yield Line(name="seconds at 512x512", asked=8, measured=seconds, least=False, number=count)
    yield share("background and colour at 512x512", 0.8, rights)


def paraphrased(pipeline: ZImagePipeline, every: int) -> Line:
    """Wordings that no grammar of the training makes."""
    rights = [
        _all_three(judge(paint(pipeline, text, "1:1", seed), scene))
        for seed, (text, scene) in enumerate(PARAPHRASES[::every])
    ]
    return share("paraphrases: background, colour and shape", 0.85, rights)


def beyond_its_words(pipeline: ZImagePipeline, every: int) -> Line:
    """Whatever people type: a picture comes, and it is not one flat gray."""
    rights = []
    for seed, text in enumerate(ODDITIES[::every]):
        pixels = np.asarray(paint(pipeline, text, "1:1", seed), dtype=np.float64)
        gray = abs(pixels.mean() - 128) < 20 and pixels.std() < 4
        rights.append(bool(np.isfinite(pixels).all()) and not gray)
    return share("out of its world: never nothing", 1.0, rights)


def by_seeds(pipeline: ZImagePipeline, prompts: int) -> Line:
    """How much pictures of one prompt differ, of 255."""
    differences = []
    for text in ("a red circle", "a house and a tree at night", "two blue stars", "a cat")[:prompts]:
        pictures = [_pixels(paint(pipeline, text, "1:1", seed)) for seed in range(4)]
        differences += [abs(one - other).mean() for one, other in itertools.combinations(pictures, 2)]
    return Line(
        name="difference between seeds, of 255",
        asked=3,
        measured=float(np.mean(differences)),
        number=len(differences),
    )


def by_strength(pipeline: ZImagePipeline, prompts: int) -> Iterator[Line]:
    """Variations: farther with strength; the subtle one shows the same, the strong one is its sibling."""
    scenes = list(_plain_prompts(prompts))
    distances = [_distances(pipeline, prompt) for prompt in scenes]
    mean = np.mean(distances, axis=0)
    yield share("variations differ more with strength", 1.0, [bool(np.all(np.diff(mean) > 0))])
    yield Line(
        name="a subtle variation's share of another seed's difference",
        asked=0.5,
        measured=float(mean[1] / mean[-1]),
        least=False,
        number=prompts,
    )


def _distances(pipeline: ZImagePipeline, prompt: Prompt) -> list[float]:
    shape = (16, 32, 32)
    start, end = seeded_noise(prompt.seed, shape), seeded_noise(prompt.seed + 5000, shape)
    pictures = [
        _pixels(_from_noise(pipeline, prompt.text, slerp(start, end, strength))) for strength in STRENGTHS
    ]
    return [float(abs(picture - pictures[0]).mean()) for picture in pictures]


def _from_noise(pipeline: ZImagePipeline, text: str, noise: torch.Tensor) -> Image.Image:
    picture: Image.Image = pipeline(
        prompt=[text],
        width=256,
        height=256,
        num_inference_steps=STEPS,
        guidance_scale=0.0,
        latents=noise[None],
    ).images[0]
    return picture


def _pixels(picture: Image.Image) -> Floats:
    return np.asarray(picture, dtype=np.float64)


@torch.no_grad()
def of_the_autoencoder(vae: AutoencoderKL, count: int) -> Iterator[Line]:
    """Held-out pictures there and back."""
    decibels, rights = [], []
    for scene, picture in held_out(count):
        before = as_tensor(picture)[None]
        after = vae.decode(vae.encode(before).latent_dist.mode()).sample.clamp(-1, 1)
        decibels.append(10 * math.log10(4 / F.mse_loss(after, before).item()))
        seen = Image.fromarray(((after[0].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy())
        verdict = judge(seen, scene)
        rights.append(verdict.background and verdict.colour is not False and verdict.shape is not False)
    yield Line(name="autoencoder, mean dB", asked=30, measured=float(np.mean(decibels)), number=count)
    yield Line(name="autoencoder, least dB", asked=25, measured=min(decibels), number=count)
    yield share("scorer on reconstructions", 0.99, rights)


def of_a_light_touch(pipeline: ZImagePipeline, count: int) -> Line:
    """Image to image at strength 0.1 leaves the picture nearly alone."""
    touch = ZImageImg2ImgPipeline(**pipeline.components)
    touch.set_progress_bar_config(disable=True)
    changes = []
    for seed, (_, picture) in enumerate(held_out(count)):
        after = touch(
            prompt=["a picture"],
            image=picture,
            strength=0.1,
            width=picture.width,
            height=picture.height,
            num_inference_steps=STEPS,
            guidance_scale=0.0,
            generator=torch.Generator().manual_seed(seed),
        ).images[0]
        changes.append(abs(_pixels(after) - _pixels(picture)).mean())
    return Line(
        name="image to image at 0.1 changes, of 255",
        asked=6,
        measured=float(np.mean(changes)),
        least=False,
        number=count,
    )


def of_its_cost(folder: Path, seconds: float, pictures: int) -> Iterator[Line]:
    """Time on one core, memory of this process, files."""
    least = {"least": False, "number": 1}
    yield Line(name="seconds at 256x256", asked=2, measured=seconds, least=False, number=pictures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Line(name="memory, MiB", asked=700, measured=peak, **least)  # type: ignore[arg-type]
    sizes = [path.stat().st_size / 1e6 for path in folder.rglob("*") if path.is_file()]
    yield Line(name="all files, MB", asked=LIMIT_MB, measured=sum(sizes), **least)  # type: ignore[arg-type]
    yield Line(name="largest file, MB", asked=16, measured=max(sizes), **least)  # type: ignore[arg-type]


def examine(folder: Path, every: int, say: Callable[[Line], None]) -> list[Line]:
    """Every demand; `every` 1 takes all cases, 8 an eighth of them."""
    pipeline = open_pipeline(folder)
    lines: list[Line] = []

    def note(found: Iterable[Line]) -> None:
        for line in found:
            lines.append(line)
            say(line)

    few = max(1, 24 // every)
    begun = time.monotonic()
    paint(pipeline, "a red circle", "1:1", 1)
    note(of_its_cost(folder, time.monotonic() - begun, 1))  # before longer pictures take more memory
    note(over_the_prompts(judged(paint_held_out(pipeline, every))))
    note([in_order_of_size(pipeline, max(2, 40 // every))])
    note(at_other_sizes(pipeline, few))
    note(at_512(pipeline, max(1, 6 // every)))
    note([paraphrased(pipeline, every), beyond_its_words(pipeline, every)])
    note([by_seeds(pipeline, 4 if every == 1 else 1)])
    note(by_strength(pipeline, max(1, 12 // every)))
    note(of_the_autoencoder(pipeline.vae, max(5, 300 // every)))
    note([of_a_light_touch(pipeline, few)])
    return lines


def main() -> None:
    """Examine, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
    parser.add_argument("--quick", action="store_true", help="an eighth of the cases")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    lines = examine(
        arguments.weights, 8 if arguments.quick else 1, lambda line: print(_said(line), flush=True)
    )
    table = [asdict(replace(line, measured=round(line.measured, 4))) | {"met": line.met} for line in lines]
    (arguments.out / "acceptance.json").write_text(json.dumps(table, indent=1) + "\n", "utf-8")


def _said(line: Line) -> str:
    sign = ">=" if line.least else "<="
    mark = "met   " if line.met else "MISSED"
    return f"{mark} {line.name}: {line.measured:.4g} (asked {sign} {line.asked:g}, {line.number} cases)"


if __name__ == "__main__":
    main()
