"""Whether memory grows: thousands of pictures of mixed shapes and new prompts, drawn by one painter.

``python -m generator.bench.soak --pictures 10000`` prints the process's memory as it goes.
"""

import argparse
import ctypes
import gc
import itertools
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from generator.embedded import WEIGHTS
from generator.engine.load import load_parts
from generator.engine.painter import ZImagePainter
from generator.loras import Shelf
from generator.machine import resident_mib
from generator.messages import Event, Failed, Finished, Generate, Order, PictureFormat
from generator.models import EMBEDDED, EMBEDDED_MODEL
from generator.recipe import Recipe

SIDES = (64, 72, 96, 128, 160)
MIB = 2**20
TENTHS = 10
ARENAS = ("all", "free_pieces", "_2", "mappings", "mapped", "_5", "_6", "used", "free", "_9")


def small_painter(folder: Path = WEIGHTS) -> ZImagePainter:
    """Return a painter that draws each size itself, however small."""
    row = replace(EMBEDDED_MODEL, native_area=None)
    return ZImagePainter(load_parts(folder, lambda _fraction: None, torch.device("cpu")), row, Shelf())


def requests(rng: random.Random, prompts: int) -> Iterator[Generate]:
    """Yield requests for ever: any shape, one to three pictures, any format, one of so many prompts."""
    for number in itertools.count():
        width, height = rng.choice(SIDES), rng.choice(SIDES)
        count = rng.choice((1, 1, 2, 3))
        words = f"a red circle, number {rng.randrange(prompts)}"
        recipe = Recipe(
            prompt=words, model=EMBEDDED, width=width, height=height, steps=rng.choice((1, 2)), seed=number
        )
        formats = list(PictureFormat)
        orders = tuple(
            Order(id=str(index), recipe=recipe.picture(index), format=formats[number % 3])
            for index in range(count)
        )
        yield Generate(orders=orders)


def draw(painter: ZImagePainter, request: Generate) -> None:
    """Draw one request and wait for all of its files."""
    ended = threading.Semaphore(0)

    def emit(event: Event) -> None:
        if isinstance(event, Failed):
            raise SystemExit(f"A picture failed: {event.fault}.")
        if isinstance(event, Finished):
            ended.release()

    painter.draw(request, emit, lambda: False)
    for _ in request.orders:
        ended.acquire()


def tensors() -> int:
    """Return how many tensors are alive."""
    gc.collect()
    return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


def memory() -> dict[str, float | None]:
    """Return how much memory is resident and how much of it in use, in MiB."""
    used = allocated_mib()
    return {"resident_mib": round(resident_mib(), 1), "used_mib": None if used is None else round(used, 1)}


class _Arenas(ctypes.Structure):
    """What mallinfo2 of the GNU C library answers."""

    _fields_ = [(name, ctypes.c_size_t) for name in ARENAS]


def allocated_mib() -> float | None:
    """Return what the C library has handed out and not taken back, in MiB; None where another one is used.

    What is resident may grow although this does not, where freed pieces lie between others.
    """
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return None
    ask.restype = _Arenas
    found = ask()
    return float((found.used + found.mapped) / MIB)


def soak(pictures: int, prompts: int) -> list[dict[str, Any]]:
    """Draw so many pictures; return memory and live tensors at every tenth of the way."""
    painter, drawn = small_painter(), 0
    found: list[dict[str, Any]] = []
    began = time.monotonic()
    for request in requests(random.Random(0), prompts):  # noqa: S311
        draw(painter, request)
        drawn += len(request.orders)
        if drawn * TENTHS >= pictures * (len(found) + 1):
            found.append({"pictures": drawn, "tensors": tensors()} | memory())
            print(json.dumps(found[-1] | {"seconds": round(time.monotonic() - began)}), flush=True)  # noqa: T201
        if drawn >= pictures:
            return found
    return found


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(prog="python -m generator.bench.soak", description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--prompts", type=int, default=5_000, help="different ones")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = soak(options.pictures, options.prompts)
    if options.json:
        command = "python -m generator.bench.soak " + " ".join(sys.argv[1:])
        written = {"command": command, "model": "embedded, on a processor", "sides": SIDES, "memory": found}
        options.json.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
