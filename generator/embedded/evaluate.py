"""Score the embedded model over the held-out prompts, through the stock pipeline, and make the contact sheet.

    python -m generator.embedded.evaluate [--weights FOLDER] [--out FOLDER] [--every N] [--guidance G]

Writes `score.json`, `sheet.webp` and `examples.webp`. Eight steps, guidance 0, half-precision files computed
in single precision, one thread: what the product does.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from random import Random

import torch
from diffusers import ZImagePipeline
from PIL import Image

from generator.embedded import EXAMPLES, SAMPLER, WEIGHTS
from generator.embedded.prompts import Prompt, held_out_prompts
from generator.embedded.scenes import RATIOS, Landscape, Poster
from generator.embedded.scorer import Verdict, judge

STEPS = 8
TILE = 168

Painted = tuple[Prompt, Image.Image]


def open_pipeline(folder: Path) -> ZImagePipeline:
    """The stock pipeline, in single precision and silent."""
    pipeline = ZImagePipeline.from_pretrained(folder, torch_dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def paint(pipeline: ZImagePipeline, text: str, ratio: str, seed: int, guidance: float = 0.0) -> Image.Image:
    """One picture at the native size of this ratio."""
    return paint_at(pipeline, text, RATIOS[ratio], seed, guidance)


def paint_at(
    pipeline: ZImagePipeline, text: str, size: tuple[int, int], seed: int, guidance: float = 0.0
) -> Image.Image:
    """One picture of any size, width first, in multiples of 16."""
    width, height = size
    picture: Image.Image = pipeline(
        prompt=[text],
        width=width,
        height=height,
        num_inference_steps=STEPS,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(seed),
    ).images[0]
    return picture


def paint_held_out(pipeline: ZImagePipeline, every: int = 1, guidance: float = 0.0) -> list[Painted]:
    """The held-out prompts, each with its picture; every n-th only, where that is asked."""
    return [
        (prompt, paint(pipeline, prompt.text, prompt.ratio, prompt.seed, guidance))
        for prompt in held_out_prompts()[::every]
    ]


def judged(painted: Iterable[Painted]) -> list[tuple[Prompt, Verdict]]:
    """What is right in each picture."""
    return [(prompt, judge(picture, prompt.scene)) for prompt, picture in painted]


def kind_of(prompt: Prompt) -> str:
    """The group that a prompt is counted in."""
    match prompt.scene:
        case Landscape():
            return "landscape"
        case Poster(figures=()):
            return "background only"
        case Poster(figures=(_,)):
            return "one figure" if prompt.taught else "one figure, pair never taught"
        case _:
            return "several figures"


def summary(verdicts: Iterable[tuple[Prompt, Verdict]]) -> dict[str, dict[str, float]]:
    """The share that is right, by group, by language, and over all single figures."""
    groups: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for prompt, verdict in verdicts:
        kind = kind_of(prompt)
        names = ["all", kind, f"in {prompt.language}"]
        if kind.startswith("one figure"):
            names.append("every single figure")
            names.append(f"shape {prompt.scene.figures[0].shape}")  # type: ignore[union-attr]
        for field in fields(verdict):
            right = getattr(verdict, field.name)
            if right is not None:
                for name in names:
                    groups[name][field.name].append(right)
    return {
        name: {what: round(sum(rights) / len(rights), 4) for what, rights in group.items()}
        | {"prompts": max(map(len, group.values()))}
        for name, group in sorted(groups.items())
    }


def contact_sheet(pictures: Sequence[Image.Image], columns: int = 8) -> Image.Image:
    """Pictures of any ratio in rows on a neutral ground."""
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * TILE, rows * TILE), (118, 118, 118))
    for index, picture in enumerate(pictures):
        tile = picture.copy()
        tile.thumbnail((TILE - 8, TILE - 8), Image.Resampling.LANCZOS)
        left, top = index % columns * TILE, index // columns * TILE
        sheet.paste(tile, (left + (TILE - tile.width) // 2, top + (TILE - tile.height) // 2))
    return sheet


def _sample(count: int, most: int) -> list[int]:
    """Some of so many, in order, without the rhythm that every n-th would have."""
    return sorted(Random("sheet").sample(range(count), min(count, most)))


def _side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    strip = Image.new("RGB", (256 * len(pictures), 256))
    for index, picture in enumerate(pictures):
        strip.paste(picture, (256 * index, 0))
    return strip


def main() -> None:
    """Paint, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
    parser.add_argument("--every", type=int, default=1, help="take every n-th prompt only")
    parser.add_argument("--guidance", type=float, default=0.0)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    pipeline = open_pipeline(arguments.weights)
    begun = time.monotonic()
    painted = paint_held_out(pipeline, arguments.every, arguments.guidance)
    seconds = (time.monotonic() - begun) / len(painted)
    figures = summary(judged(painted))
    report = {"prompts": len(painted), "steps": STEPS, "guidance": arguments.guidance, "scores": figures}
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report | {"seconds per picture": round(seconds, 2)}, indent=1)
    (arguments.out / "score.json").write_text(text + "\n", "utf-8")
    print(text)

    shown = [paint(pipeline, text, "1:1", seed) for seed, text in enumerate(EXAMPLES["en"])]
    _side_by_side(shown).save(arguments.out / SAMPLER.name, quality=85)
    shown += [painted[index][1] for index in _sample(len(painted), 64 - len(shown))]
    contact_sheet(shown).save(arguments.out / "sheet.webp", quality=82)


if __name__ == "__main__":
    main()
