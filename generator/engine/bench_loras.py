"""What LoRAs cost: `python -m generator.engine.bench_loras` draws with and without one by turns.

Measured on the engine itself with the embedded model's two LoRAs, or with those named. It only measures.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Semaphore

import torch

from generator.checkpoint import find_place
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
        self._painter = load_painter(source, place, threads, lambda _fraction: None, self._shelf)
        self._recipe = Recipe(
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
        return _seconds(lambda: self._painter._adapters.wear(loras))  # noqa: SLF001 - the very thing measured

    def draw(self, loras: tuple[Lora, ...]) -> float:
        """Draw with these LoRAs worn already; return the seconds until the file is there."""
        self.wear(loras)
        return _seconds(lambda: _drawn(self._painter, self._recipe, loras))


def _drawn(painter: ZImagePainter, recipe: Recipe, loras: tuple[Lora, ...]) -> None:
    done, ends = Semaphore(0), list[Event]()

    def emit(event: Event) -> None:
        if isinstance(event, Finished | Failed):
            ends.append(event)
            done.release()

    order = Order(id="bench", recipe=replace(recipe, loras=loras))
    painter.draw(Generate(orders=(order,), previews=False), emit, lambda: False)
    done.acquire()
    if isinstance(ends[0], Failed):
        raise SystemExit(f"The picture failed: {ends[0].fault}.")


def _seconds(deed: Callable[[], None]) -> float:
    _settle()
    began = time.perf_counter()
    deed()
    _settle()
    return time.perf_counter() - began


def _settle() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def pictures(bench: Bench, lora: Lora, rounds: int) -> tuple[list[float], list[float]]:
    """Draw without and with a LoRA in the order A B B A, so that whatever else happens slows both alike."""
    without, with_it = list[float](), list[float]()
    for number in range(WARM + rounds):
        turns: list[tuple[list[float], tuple[Lora, ...]]] = [(without, ()), (with_it, (lora,))]
        for seconds, loras in turns if number % 2 else reversed(turns):
            taken = bench.draw(loras)
            if number >= WARM:
                seconds.append(taken)
    return without, with_it


def swaps(bench: Bench, loras: Sequence[Lora], rounds: int) -> list[float]:
    """Change between cached LoRAs, both at once, and none."""
    one, other = loras[0], loras[-1]
    stages: list[list[Lora]] = [[one], [other], list(dict.fromkeys((one, other))), []]
    for stage in stages:
        bench.wear(stage)  # now they are cached
    return [bench.wear(stage) for _ in range(rounds) for stage in stages]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m generator.engine.bench_loras")
    parser.add_argument("--model", default=EMBEDDED)
    parser.add_argument("--loras", type=Path, help="a folder of LoRAs, where the model brings none")
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 1) - 1))
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    bench = Bench(options.model, options.threads, options.loras)
    loras = [Lora(name, 0.8) for name in bench.names()][:2]
    without, with_it = pictures(bench, loras[0], options.rounds)
    ratio = statistics.median(b / a for a, b in zip(without, with_it, strict=True))
    changed = sorted(1000 * each for each in swaps(bench, loras, options.rounds))
    print(f"a picture without a LoRA, p50        {statistics.median(without):8.3f} s")  # noqa: T201
    print(f"a picture with a warm one, p50        {statistics.median(with_it):8.3f} s")  # noqa: T201
    print(f"the one over the other, p50 of pairs  {ratio:8.3f}")  # noqa: T201
    print(f"changing between cached ones, p50     {statistics.median(changed):8.1f} ms")  # noqa: T201
    print(f"changing between cached ones, slowest {changed[-1]:8.1f} ms")  # noqa: T201


if __name__ == "__main__":
    main()
