"""What LoRAs cost: `python -m generator.bench.loras` draws with and without one by turns.

Measured on the engine itself with the embedded model's two LoRAs, or with those named. It only measures;
`--json` keeps the figures.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Semaphore

import torch

from generator.bench.results import device_name
from generator.checkpoint import find_place
from generator.engine.load import best_device
from generator.engine.painter import ZImagePainter, load_painter
from generator.loras import shelf_for
from generator.messages import Event, Failed, Finished, Generate, Order
from generator.models import EMBEDDED, model_for
from generator.recipe import Lora, Recipe

WARM = 2  # pictures before it counts


class Bench:
    """A loaded painter and a plain picture."""

    def __init__(self, source: str, threads: int, loras: Path | None) -> None:
        place = find_place(source, lambda _fraction: None)
        model = model_for(source)
        width, height = model.size
        self._shelf = shelf_for(source, loras)
        self.painter = load_painter(source, place, threads, lambda _fraction: None, self._shelf)
        self.recipe = Recipe(
            prompt="a red circle",
            model=model.name,
            width=width,
            height=height,
            steps=model.steps,
            seed=7,
        )

    def names(self) -> list[str]:
        """Return what is on the shelf."""
        return list(self._shelf)

    def wear(self, loras: Sequence[Lora]) -> float:
        """Change LoRAs; return the seconds until the last weight holds them."""
        return seconds(lambda: self.painter._adapters.wear(loras))  # noqa: SLF001 - the very thing measured

    def draw(self, loras: tuple[Lora, ...]) -> float:
        """Draw with these LoRAs worn already; return the seconds until the file is there."""
        self.wear(loras)
        return self.paint(replace(self.recipe, loras=loras))

    def paint(self, recipe: Recipe, pictures: tuple[bytes, ...] = ()) -> float:
        """Draw a recipe; return the seconds until the file is there."""
        return seconds(lambda: _painted(self.painter, recipe, pictures))


def _painted(painter: ZImagePainter, recipe: Recipe, pictures: tuple[bytes, ...]) -> None:
    done, ends = Semaphore(0), list[Event]()

    def emit(event: Event) -> None:
        if isinstance(event, Finished | Failed):
            ends.append(event)
            done.release()

    order = Order(id="bench", recipe=recipe)
    painter.draw(Generate(orders=(order,), previews=False, pictures=pictures), emit, lambda: False)
    done.acquire()
    if isinstance(ends[0], Failed):
        raise SystemExit(f"The picture failed: {ends[0].fault}.")


def seconds(deed: Callable[[], object]) -> float:
    """Return how long a deed takes; on a processor only what it computes, whatever else the machine does."""
    on_card = torch.cuda.is_available()
    clock = time.perf_counter if on_card else time.process_time
    _settle()
    began = clock()
    deed()
    _settle()
    return clock() - began


def _settle() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def pictures(bench: Bench, lora: Lora, rounds: int) -> tuple[list[float], list[float]]:
    """Draw without and with a LoRA in the order A B B A, so that whatever else happens slows both alike."""
    without, with_it = list[float](), list[float]()
    for number in range(WARM + rounds):
        turns: list[tuple[list[float], tuple[Lora, ...]]] = [(without, ()), (with_it, (lora,))]
        for times, loras in turns if number % 2 else reversed(turns):
            taken = bench.draw(loras)
            if number >= WARM:
                times.append(taken)
    return without, with_it


def swaps(bench: Bench, loras: Sequence[Lora], rounds: int) -> list[float]:
    """Change between cached LoRAs, both at once, and none."""
    one, other = loras[0], loras[-1]
    stages: list[list[Lora]] = [[one], [other], list(dict.fromkeys((one, other))), []]
    for stage in stages:
        bench.wear(stage)  # now they are cached
    return [bench.wear(stage) for _ in range(rounds) for stage in stages]


def parser_for(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of measuring on a loaded painter."""
    parser = argparse.ArgumentParser(description=description, prog=f"python -m generator.bench.{name}")
    parser.add_argument("--model", default=EMBEDDED)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 1) - 1))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser


def keep(path: Path | None, model: str, rounds: int, figures: Mapping[str, float]) -> None:
    """Print figures, and write them with where they were measured where a file is wanted."""
    for name, figure in figures.items():
        print(f"{name:50} {figure:9.3f}")  # noqa: T201
    if path is not None:
        where = {"device": device_name(best_device()), "model": model, "rounds": rounds}
        path.write_text(json.dumps(where | {"figures": dict(figures)}, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = parser_for("loras", __doc__)
    parser.add_argument("--loras", type=Path, help="a folder of LoRAs, where the model brings none")
    options = parser.parse_args()
    bench = Bench(options.model, options.threads, options.loras)
    loras = [Lora(name, 0.8) for name in bench.names()][:2]
    without, with_it = pictures(bench, loras[0], options.rounds)
    ratio = statistics.median(b / a for a, b in zip(without, with_it, strict=True))
    changed = sorted(1000 * each for each in swaps(bench, loras, options.rounds))
    figures = {
        "a picture without a LoRA, p50, seconds": statistics.median(without),
        "a picture with a warm one, p50, seconds": statistics.median(with_it),
        "the one over the other, p50 of pairs": ratio,
        "changing between cached ones, p50, ms": statistics.median(changed),
        "changing between cached ones, slowest, ms": changed[-1],
    }
    keep(options.json, options.model, options.rounds, figures)


if __name__ == "__main__":
    main()
