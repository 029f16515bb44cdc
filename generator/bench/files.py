"""What writing the file costs, on the wait of whoever ordered the picture: the product's way beside Pillow's.

``python -m generator.bench.files`` prints, for each format and picture, the milliseconds that pass, those
that all processors spend, and both ways' ratio. The two ways take turns, and of their times the quieter third
counts, as whatever else the machine does can only add to them.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from generator.bench.pictures import pictures
from generator.bench.solo import recipe_of
from generator.engine.encode_file import encode_file
from generator.figures import Figure, show, write
from generator.messages import PictureFormat

GOAL_MS = 10.0
QUIETER = 3  # of so many times, one counts
PILLOWS = {
    PictureFormat.PNG: {},
    PictureFormat.JPEG: {"quality": 92},
    PictureFormat.WEBP: {"quality": 90},
}


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that pass and seconds of all processors, and the bytes of the file that came of them."""

    wait: float
    work: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Written:
    """A file as the product writes it, and as Pillow writes one by itself."""

    format: PictureFormat
    ours: Spent
    pillows: Spent

    def figures(self, picture: str) -> Iterator[Figure]:
        """Yield them with what they are to be."""
        name = f"{self.format}, {picture}"
        ours, pillows = self.ours, self.pillows
        yield Figure(f"{name}: wait", 1000 * ours.wait, "ms", f"≤ {GOAL_MS:g}")
        yield Figure(f"{name}: work", 1000 * ours.work, "ms")
        yield Figure(f"{name}: wait, of Pillow's", ours.wait / pillows.wait, "×")
        yield Figure(f"{name}: bytes, of Pillow's", ours.bytes / pillows.bytes, "×")


def written(picture: Image.Image, format: PictureFormat, rounds: int) -> Written:
    """Write a picture in both ways, one after the other, so many times."""
    recipe, ours, pillows = recipe_of(picture), [], []
    for _ in range(rounds):
        ours.append(_timed(lambda: encode_file(picture, recipe, format)))
        pillows.append(_timed(lambda: _by_pillow(picture, format)))
    return Written(format, _quiet(ours), _quiet(pillows))


def _quiet(spent: Sequence[Spent]) -> Spent:
    few = -(-len(spent) // QUIETER)
    waits, works = (sorted(times)[:few] for times in zip(*((s.wait, s.work) for s in spent), strict=True))
    return Spent(statistics.median(waits), statistics.median(works), spent[0].bytes)


def _by_pillow(picture: Image.Image, format: PictureFormat) -> bytes:
    file = io.BytesIO()
    picture.save(file, format.value, **PILLOWS[format])
    return file.getvalue()


def _timed(write: Callable[[], bytes]) -> Spent:
    wait, work = time.perf_counter(), time.process_time()
    file = write()
    return Spent(time.perf_counter() - wait, time.process_time() - work, len(file))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m generator.bench.files", description=__doc__)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    figures = [
        Figure("cores", os.cpu_count() or 1, ""),
        Figure("side of the pictures", options.side, "pixels"),
        *(
            figure
            for name, picture in pictures(options.side)
            for each in PictureFormat
            for figure in written(picture, each, options.rounds).figures(name)
        ),
    ]
    show(figures)
    if options.json:
        write(options.json, figures)


if __name__ == "__main__":
    main()
