"""Random weights in a folder, as a real model's lie there, for processes that load them. Gone afterwards."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from generator.bench.sizes import Networks
from generator.embedded import WEIGHTS
from generator.weights import NETWORKS

SPARE = 2 * 2**30  # bytes that a disk keeps


class TooFull(Exception):
    """The disk has no room for the model; ``str(error)`` says how much it would take."""


@contextmanager
def laid_down(model: Networks) -> Iterator[Path]:
    """Yield a folder with the networks as they are on the device. Raises TooFull."""
    needed = sum(
        parameter.nbytes for network in NETWORKS for parameter in getattr(model, network).parameters()
    )
    with TemporaryDirectory(prefix="pinxit-bench-") as place:
        folder = Path(place)
        if shutil.disk_usage(folder).free < needed + SPARE:
            raise TooFull(f"{folder.parent} has no room for {needed / 2**30:.1f} GiB of random weights")
        for network in NETWORKS:
            getattr(model, network).save_pretrained(folder / network)
        for part in ("tokenizer", "scheduler"):
            shutil.copytree(WEIGHTS / part, folder / part)
        shutil.copy(WEIGHTS / "model_index.json", folder)
        yield folder
