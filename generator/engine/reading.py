"""Weights from safetensors files to where they compute: in parallel, and never whole in memory twice.

What the processor takes as it lies in the file is read straight into its place. Everything else goes through
one small buffer per reader: into other numbers, or to a card, whose buffers are pinned so that it fetches
them itself while the other readers read on.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
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
class Stored:
    """A tensor as a file holds it."""

    file: Path
    start: int  # in the file
    bytes: int
    dtype: torch.dtype
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a stored tensor, and the numbers that it fills."""

    file: Path
    start: int
    dtype: torch.dtype
    target: Tensor  # one-dimensional


def stored_in(files: Iterable[Path]) -> dict[str, Stored]:
    """Return what checked files hold, by name. Raises UnusableModel for numbers of an unknown kind."""
    return {name: each for file in files for name, each in _stored(file)}


def _stored(file: Path) -> Iterator[tuple[str, Stored]]:
    tensors, _ = read_head(file)
    begin = data_start(file)
    for name, tensor in tensors.items():
        start, end = tensor["data_offsets"]
        yield name, Stored(file, begin + start, end - start, _kind(file, tensor), tuple(tensor["shape"]))


def _kind(file: Path, tensor: Mapping[str, Any]) -> torch.dtype:
    if tensor["dtype"] not in KINDS:
        raise UnusableModel(f"{file} holds weights as {tensor['dtype']}, which Pinxit cannot draw with.")
    return KINDS[tensor["dtype"]]


def fill(wanted: Mapping[str, tuple[Stored, Tensor]], told: Told) -> None:
    """Read tensors into their places, which may lie on a card and be of other numbers."""
    with ExitStack() as opened:
        files = {stored.file for stored, _ in wanted.values()}
        handles = {file: opened.enter_context(file.open("rb", buffering=0)).fileno() for file in files}
        readers = opened.enter_context(ThreadPoolExecutor(READERS, thread_name_prefix="reading"))
        reader = Reader(handles)
        pieces = (_pieces(name, stored, target) for name, (stored, target) in wanted.items())
        reading = [readers.submit(reader.read, piece) for piece in chain.from_iterable(pieces)]
        try:
            for done in as_completed(reading):
                told(done.result())
        except BaseException:
            readers.shutdown(cancel_futures=True)
            raise


def _pieces(name: str, stored: Stored, target: Tensor) -> Iterator[Piece]:
    if stored.shape != tuple(target.shape):
        raise ValueError(f"{name} is {list(stored.shape)}, but {list(target.shape)} is expected.")
    flat, size = target.view(-1), stored.dtype.itemsize
    for begin in range(0, flat.numel(), CHUNK // size):
        yield Piece(
            stored.file, stored.start + begin * size, stored.dtype, flat[begin : begin + CHUNK // size]
        )


class Reader:
    """Reads pieces of open files; each thread has a buffer of its own."""

    def __init__(self, handles: Mapping[Path, int]) -> None:
        self._handles = handles
        self._own = local()

    def read(self, piece: Piece) -> int:
        """Fill a piece and return how many bytes that took from the file."""
        target, size = piece.target, piece.target.numel() * piece.dtype.itemsize
        if target.device.type == "cpu" and target.dtype is piece.dtype:
            self._read(piece, target.view(torch.uint8))
            return size
        buffer = self._buffer(pinned=target.device.type == "cuda")[:size]
        self._read(piece, buffer)
        with torch.inference_mode():  # the place may have been made in it, of which this thread knows nothing
            target.copy_(buffer.view(piece.dtype).to(target.device))  # numbers are changed over there
        return size

    def _read(self, piece: Piece, place: Tensor) -> None:
        bytes_there = memoryview(cast(Any, place.numpy()))
        done = 0
        while done < len(bytes_there):
            read = os.preadv(self._handles[piece.file], [bytes_there[done:]], piece.start + done)
            if not read:
                raise EOFError(f"{piece.file} ended early.")
            done += read

    def _buffer(self, *, pinned: bool) -> Tensor:
        if not hasattr(self._own, "buffer"):
            self._own.buffer = torch.empty(CHUNK, dtype=torch.uint8, pin_memory=pinned)
        return cast(Tensor, self._own.buffer)
