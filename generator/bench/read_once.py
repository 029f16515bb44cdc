"""One network read in a process of its own: ``python -m generator.bench.read_once ours transformer FOLDER``.

Prints one line of JSON: seconds to import what it takes, seconds until every weight is there, and memory at
its most. A process that has imported the reference's libraries cannot tell the first.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from generator.machine import own_mib

LOOK_SECONDS = 0.01
PAGE_NUMBERS = 2048  # of sixteen bits in a page of memory
REFERENCE = {
    "transformer": ("diffusers", "ZImageTransformer2DModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "Qwen3Model"),
}


def read(arm: str, part: str, folder: Path) -> dict[str, float]:
    """Read a network in this process, which is a fresh one, and return what that took."""
    began = time.perf_counter()
    load = (_ours if arm == "ours" else _stock)(part)
    imported, before = time.perf_counter(), _memory(None)
    with Peak(None) as peak:
        network = load(folder)
        _touch(network)
    taken = time.perf_counter() - imported
    weights = sum(each.nbytes for each in network.parameters())
    over = (peak.most - before) / (weights / 2**20)
    return {"import": imported - began, "seconds": taken, "bytes": weights, "memory over weights": over}


def _ours(part: str) -> Callable[[Path], Any]:
    import torch  # noqa: PLC0415  all of their seconds are measured, too

    from generator.engine import network as networks  # noqa: PLC0415
    from generator.engine.held import held_in_folder  # noqa: PLC0415

    empty: Callable[[Path], Any] = getattr(networks, f"empty_{part}")
    room = networks.Room(torch.device("cpu"), torch.bfloat16)
    return lambda folder: networks.filled(empty(folder), held_in_folder(folder), room, lambda _count: None)


def _stock(part: str) -> Callable[[Path], Any]:
    import torch  # noqa: PLC0415

    library, name = REFERENCE[part]
    kind = getattr(import_module(library), name)
    return lambda folder: kind.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True)


def _touch(network: Any) -> None:
    """Look at every page of the weights: what a library only mapped is read now, as drawing would."""
    for parameter in network.parameters():
        parameter.detach().flatten()[::PAGE_NUMBERS].sum()


class Peak:
    """Looks often at what a process has in memory of its own: files that it maps are the system's."""

    def __init__(self, pid: int | None) -> None:
        self.most = 0.0
        self._pid = pid
        self._done = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._looking.join()

    def _look(self) -> None:
        while True:
            self.most = max(self.most, _memory(self._pid))
            if self._done.wait(LOOK_SECONDS):
                self.most = max(self.most, _memory(self._pid))
                return


def _memory(pid: int | None) -> float:
    """Return what a process has of its own, in MiB; 0 where it is gone."""
    try:
        return own_mib(pid)
    except OSError:
        return 0.0


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))  # noqa: T201
