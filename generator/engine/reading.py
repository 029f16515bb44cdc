"""Weights from files to where they compute: in parallel, and never whole in memory twice.

What the processor takes as it lies in the file may stay there, or is read straight into its place. Everything
else goes through one small buffer per reader: into other numbers, or to a card, whose buffers are pinned so
that it fetches them itself while the other readers read on.
"""

import math
import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from threading import local
from typing import Any, cast

import torch
from torch import Tensor

from generator.heads import data_start, read_head
from generator.weights import UnusableModel

READERS = 6  # one alone copies about 5 GB a second out of the page cache; cards take several times that
CHUNK = 8 << 20
BETWEEN = 4  # copies, about, of a piece's numbers while they are unpacked

KINDS = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "I8": torch.int8,
}
Told = Callable[[int], None]
"""Told how many bytes more were read."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How a file packs numbers: in blocks of so many, each of so many bytes."""

    numbers: int
    bytes: int
    unpacked: Callable[[Tensor], Tensor]
    """From blocks, (blocks, bytes), to their numbers in 32 bits."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as a file holds it; packed, its numbers are of `dtype` once they are unpacked."""

    file: Path
    start: int  # in the file
    dtype: torch.dtype
    shape: tuple[int, ...]
    packing: Packing | None = None

    @property
    def bytes(self) -> int:
        """How many it takes in the file."""
        return self.size_of(math.prod(self.shape))

    def size_of(self, numbers: int) -> int:
        """Return how many bytes so many of its numbers take."""
        if self.packing is None:
            return numbers * self.dtype.itemsize
        return numbers // self.packing.numbers * self.packing.bytes

    def lies_as(self, dtype: torch.dtype) -> bool:
        """Whether it can be computed with in these numbers where it lies."""
        return self.packing is None and self.dtype is dtype and self.start % dtype.itemsize == 0

    def rows(self, first: int, count: int) -> "Stored":
        """Return some of its rows. No row shares a block with the next."""
        row = self.size_of(math.prod(self.shape[1:]))
        return replace(self, start=self.start + first * row, shape=(count, *self.shape[1:]))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a stored tensor, and the numbers that it fills."""

    stored: Stored
    start: int  # in the file
    bytes: int
    target: Tensor  # one-dimensional


Wanted = list[tuple[Stored, Tensor]]
"""What is to be read, and to where."""


def stored_in(files: Iterable[Path], prefix: str = "") -> dict[str, Stored]:
    """Return what checked files hold under a prefix, by name without it.

    Raises UnusableModel for numbers of an unknown kind.
    """
    return {name: each for file in files for name, each in _stored(file, prefix)}


def _stored(file: Path, prefix: str) -> Iterator[tuple[str, Stored]]:
    tensors, _ = read_head(file)
    begin = data_start(file)
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            place = begin + tensor["data_offsets"][0]
            yield name.removeprefix(prefix), Stored(file, place, _kind(file, tensor), tuple(tensor["shape"]))


def _kind(file: Path, tensor: Mapping[str, Any]) -> torch.dtype:
    if tensor["dtype"] not in KINDS:
        raise UnusableModel(f"{file} holds weights as {tensor['dtype']}, which Pinxit cannot draw with.")
    return KINDS[tensor["dtype"]]


def _unheard(_count: int) -> None:
    """Nobody asks how far it is."""


def fill(wanted: Wanted, told: Told = _unheard) -> None:
    """Read tensors, in this order, into their places, which may lie on a card and be of other numbers."""
    with ExitStack() as opened:
        files = {stored.file for stored, _ in wanted}
        handles = {file: opened.enter_context(file.open("rb", buffering=0)).fileno() for file in files}
        readers = opened.enter_context(ThreadPoolExecutor(READERS, thread_name_prefix="reading"))
        reader = Reader(handles)
        pieces = chain.from_iterable(_pieces(stored, target) for stored, target in wanted)
        reading = [readers.submit(reader.read, piece) for piece in pieces]
        try:
            for done in as_completed(reading):
                told(done.result())
        except BaseException:
            readers.shutdown(cancel_futures=True)
            raise


def _pieces(stored: Stored, target: Tensor) -> Iterator[Piece]:
    flat, each = target.view(-1), _numbers_at_once(stored)
    for begin in range(0, flat.numel(), each):
        part = flat[begin : begin + each]
        yield Piece(stored, stored.start + stored.size_of(begin), stored.size_of(part.numel()), part)


def _numbers_at_once(stored: Stored) -> int:
    """Return how many numbers a piece has: so many that what becomes of it in between stays small, too."""
    if stored.packing is None:
        return CHUNK // stored.dtype.itemsize
    block = stored.packing.numbers
    return max(1, CHUNK // BETWEEN // stored.dtype.itemsize // block) * block


class Maps:
    """Files where the system keeps them: nothing is read before it is used, and nothing is there twice.

    Whoever writes to a tensor writes to a copy of his own. A file must stay as it is while it is used.
    """

    def __init__(self) -> None:
        self._files: dict[Path, Tensor] = {}

    def tensor(self, stored: Stored) -> Tensor:
        """Return a tensor that lies as it is computed with."""
        if stored.file not in self._files:
            with stored.file.open("rb") as opened:
                content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY)
            self._files[stored.file] = torch.frombuffer(content, dtype=torch.uint8)
        there = self._files[stored.file][stored.start : stored.start + stored.bytes]
        return there.view(stored.dtype).view(stored.shape)


class Reader:
    """Reads pieces of open files; each thread has a buffer of its own."""

    def __init__(self, handles: Mapping[Path, int]) -> None:
        self._handles = handles
        self._own = local()

    def read(self, piece: Piece) -> int:
        """Fill a piece and return how many bytes that took from the file."""
        stored, target = piece.stored, piece.target
        if target.device.type == "cpu" and target.dtype is stored.dtype and stored.packing is None:
            self._read(piece, target.view(torch.uint8))
            return piece.bytes
        buffer = self._buffer(pinned=target.device.type == "cuda")[: piece.bytes]
        self._read(piece, buffer)
        with torch.inference_mode():  # the place may have been made in it, of which this thread knows nothing
            target.copy_(_numbers(stored, buffer.to(target.device)))  # what is changed is changed over there
        return piece.bytes

    def _read(self, piece: Piece, place: Tensor) -> None:
        bytes_there = memoryview(cast(Any, place.numpy()))
        done = 0
        while done < len(bytes_there):
            read = os.preadv(self._handles[piece.stored.file], [bytes_there[done:]], piece.start + done)
            if not read:
                raise EOFError(f"{piece.stored.file} ended early.")
            done += read

    def _buffer(self, *, pinned: bool) -> Tensor:
        if not hasattr(self._own, "buffer"):
            self._own.buffer = torch.empty(CHUNK, dtype=torch.uint8, pin_memory=pinned)
        return cast(Tensor, self._own.buffer)


def _numbers(stored: Stored, read: Tensor) -> Tensor:
    """Return the numbers of bytes, in one row."""
    if stored.packing is None:
        return read.view(stored.dtype)
    return stored.packing.unpacked(read.view(-1, stored.packing.bytes)).flatten()
