"""One safetensors file, written tensor after tensor. Cut short, it goes on where it was.

Only what is being written is in memory, and what comes next, however large the file. What a file is made of
is noted in its head: one that was begun from something else is begun anew.
"""

import fcntl
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedRandom
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generator.engine.reading import KINDS, Told
from generator.heads import LENGTH_BYTES
from generator.weights import UnusableModel

NAMES = {dtype: name for name, dtype in KINDS.items()}
EVEN = 8  # bytes; the head is filled up to a multiple


@dataclass(frozen=True, slots=True)
class Planned:
    """A tensor that will be in a file."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """How many it takes."""
        return int(torch.Size(self.shape).numel()) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class Unit:
    """Tensors that are made together."""

    planned: Sequence[Planned]
    make: Callable[[], Sequence[Tensor]]

    @property
    def bytes(self) -> int:
        """How many they take."""
        return sum(each.bytes for each in self.planned)


def write(file: Path, units: Sequence[Unit], made_of: str, told: Told) -> None:
    """Write what a file lacks yet. `told` hears of bytes, those that were there included."""
    head = _head(units, made_of)
    with file.open("r+b" if file.exists() else "w+b") as opened:
        _locked(opened, file)
        if opened.read(len(head)) != head:
            opened.seek(0)
            opened.truncate()
            opened.write(head)
        there = opened.seek(0, os.SEEK_END)
        ends = [*accumulate((unit.bytes for unit in units), initial=len(head))]
        whole = sum(there >= end for end in ends[1:])  # units, from the first
        told(ends[whole] - ends[0])
        rest = units[whole:]
        for position, unit, tensors in zip(ends[whole:-1], rest, _made_ahead(rest), strict=True):
            _append(opened, position, tensors)
            told(unit.bytes)
        opened.truncate(ends[-1])


def _locked(opened: BufferedRandom, file: Path) -> None:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UnusableModel(f"{file} is being written already.") from error


def _made_ahead(units: Sequence[Unit]) -> Iterator[Sequence[Tensor]]:
    """Yield the tensors of each unit; while some are written, the next are made."""
    with ThreadPoolExecutor(1, thread_name_prefix="making") as beside:
        coming = deque(beside.submit(unit.make) for unit in units[:1])
        for following in units[1:]:
            made = coming.popleft().result()
            coming.append(beside.submit(following.make))
            yield made
        for last in coming:
            yield last.result()


def _append(opened: BufferedRandom, position: int, tensors: Sequence[Tensor]) -> None:
    """Write tensors behind what is whole. They are on the disk before the next are begun."""
    opened.seek(position)
    opened.truncate()
    opened.writelines(_bytes(tensor) for tensor in tensors)
    opened.flush()
    os.fsync(opened.fileno())


def _bytes(tensor: Tensor) -> memoryview:
    flat: np.ndarray[Any, Any] = tensor.contiguous().view(-1).view(torch.uint8).numpy()
    return flat.data


def _head(units: Sequence[Unit], made_of: str) -> bytes:
    head: dict[str, object] = {"__metadata__": {"format": "pt", "made_of": made_of}}
    position = 0
    for each in (planned for unit in units for planned in unit.planned):
        offsets = [position, position + each.bytes]
        head[each.name] = {"dtype": NAMES[each.dtype], "shape": each.shape, "data_offsets": offsets}
        position += each.bytes
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % EVEN)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text
