"""What writing the file costs, on the wait of whoever ordered the picture: the product's way beside Pillow's.

``python -m generator.bench.files`` prints a line for each format. The processor's own time of one thread
counts; the picture has soft fields, fine ones and grain, so that it packs about as well as a photograph.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from generator.bench.solo import recipe_of
from generator.engine.encode_file import encode_file
from generator.messages import PictureFormat

FIELDS = ((4, 0.4), (16, 0.3), (64, 0.2), (256, 0.1))  # sides of random fields, and their shares
GRAIN = 2.0  # levels
PILLOWS = {
    PictureFormat.PNG: {},
    PictureFormat.JPEG: {"quality": 92},
    PictureFormat.WEBP: {"quality": 90},
}


@dataclass(frozen=True, slots=True)
class Written:
    """Seconds and bytes of a file, the product's and as Pillow writes one by itself."""

    format: PictureFormat
    seconds: float
    bytes: int
    pillow_seconds: float
    pillow_bytes: int

    def line(self) -> str:
        """Return it in words."""
        times, bytes_ = self.seconds / self.pillow_seconds, self.bytes / self.pillow_bytes
        pillow = f"{times:.2f} of Pillow's {1000 * self.pillow_seconds:.1f} ms, {bytes_:.2f} of its bytes"
        return f"{self.format}: {1000 * self.seconds:.1f} ms, {pillow}"


def photograph(side: int) -> Image.Image:
    """Return a square picture that packs about as a photograph does."""
    rng = np.random.default_rng(0)
    whole = sum(share * _field(rng, cells, side) for cells, share in FIELDS)
    return Image.fromarray(np.clip(whole + rng.normal(0, GRAIN, (side, side, 3)), 0, 255).astype(np.uint8))


def written(picture: Image.Image, format: PictureFormat, rounds: int) -> Written:
    """Write a picture in both ways, one after the other, so many times."""
    recipe, seconds, pillows = recipe_of(picture), [], []
    for _ in range(rounds):
        ours, size = _timed(lambda: encode_file(picture, recipe, format))
        theirs, pillow_size = _timed(lambda: _by_pillow(picture, format))
        seconds.append(ours)
        pillows.append(theirs)
    return Written(format, statistics.median(seconds), size, statistics.median(pillows), pillow_size)


def _field(rng: np.random.Generator, cells: int, side: int) -> np.ndarray:
    small = Image.fromarray((255 * rng.random((cells, cells, 3))).astype(np.uint8))
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC), float)


def _by_pillow(picture: Image.Image, format: PictureFormat) -> bytes:
    file = io.BytesIO()
    picture.save(file, format.value, **PILLOWS[format])
    return file.getvalue()


def _timed(write: Callable[[], bytes]) -> tuple[float, int]:
    began = time.thread_time()
    file = write()
    return time.thread_time() - began, len(file)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m generator.bench.files", description=__doc__)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for each in PictureFormat:
        print(written(photograph(options.side), each, options.rounds).line())  # noqa: T201


if __name__ == "__main__":
    main()
