"""The head of a GGUF file: which tensors it says it holds, and where. Torch-free; the tensors are not read.

Whatever the head says of lengths, counts and places is held against the file before it is used, so a head
that lies costs neither memory nor time. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from generator.weights import UnusableModel

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_HEAD = 16 << 20  # Z-Image's has 50 KB; vocabularies, of which a transformer has none, are the rest
MOST_TENSORS = MOST_ENTRIES = 1 << 16
MOST_NAME = 1 << 10
MOST_SIDES = 4
USUAL_ALIGNMENT, MOST_ALIGNMENT = 32, 1 << 16


class Kind(NamedTuple):
    """How numbers are kept: in blocks of so many, each of so many bytes."""

    name: str
    numbers: int
    bytes: int


KINDS = {
    0: Kind("F32", 1, 4),
    1: Kind("F16", 1, 2),
    2: Kind("Q4_0", 32, 18),
    3: Kind("Q4_1", 32, 20),
    6: Kind("Q5_0", 32, 22),
    7: Kind("Q5_1", 32, 24),
    8: Kind("Q8_0", 32, 34),
    10: Kind("Q2_K", 256, 84),
    11: Kind("Q3_K", 256, 110),
    12: Kind("Q4_K", 256, 144),
    13: Kind("Q5_K", 256, 176),
    14: Kind("Q6_K", 256, 210),
    30: Kind("BF16", 1, 2),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in the file. The last side of its shape lies together."""

    kind: Kind
    shape: tuple[int, ...]
    begin: int  # in the file
    bytes: int


@dataclass(frozen=True, slots=True)
class Gguf:
    """A checked head."""

    architecture: str  # as the file calls it; "" where it does not
    tensors: dict[str, Stored]


def read_gguf(file: Path) -> Gguf:
    """Return what the file holds, all of it within the file. Raises UnusableModel with a sentence."""
    try:
        with file.open("rb") as opened:
            return _read(_Head(opened, file.stat().st_size))
    except OSError as error:
        raise UnusableModel(f"{file} cannot be read: {error.strerror}.") from error
    except _Bad as error:
        raise UnusableModel(f"{file} {error}") from error


class _Bad(Exception):
    """Why the file cannot be used: how a sentence goes on that begins with its name."""


def _damaged(why: str) -> _Bad:
    return _Bad(f"is damaged: {why}. Download it again.")


# ── the parts of a head ───────────────────────────────────────────────────────────────────────────


class _Value(IntEnum):
    """What an entry may be; the numbers are the format's."""

    UINT32 = 4
    STRING = 8
    ARRAY = 9


SIZES = (
    dict.fromkeys((0, 1, 7), 1)
    | dict.fromkeys((2, 3), 2)
    | dict.fromkeys((4, 5, 6), 4)
    | dict.fromkeys((10, 11, 12), 8)
)
"""Bytes of the kinds whose size is fixed."""


class _Head:
    """The file's beginning, read from front to back and never beyond its end."""

    def __init__(self, opened: BinaryIO, size: int) -> None:
        self.size = size
        self.place = 0
        self._opened = opened

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        self._go_on(count)
        return self._opened.read(count)

    def skip(self, count: int) -> None:
        """Pass over the next bytes."""
        self._go_on(count)
        self._opened.seek(count, 1)

    def number(self, form: str = "<Q") -> int:
        """Return the next whole number."""
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def count(self, most: int, what: str) -> int:
        """Return the next number, which may not be larger than `most`."""
        if (number := self.number()) > most:
            raise _damaged(f"it says that it has {number} {what}")
        return number

    def text(self, most: int) -> str:
        """Return the next text, of at most so many bytes."""
        return self.take(self.count(most, "letters in a name")).decode("utf-8", "replace")

    def _go_on(self, count: int) -> None:
        self.place += count
        if self.place > min(self.size, MOST_HEAD):
            raise _damaged("its head does not end")


def _read(head: _Head) -> Gguf:
    if head.size < len(MAGIC) or head.take(len(MAGIC)) != MAGIC:
        raise _Bad("is no GGUF file.")
    if (version := head.number("<I")) not in VERSIONS:
        raise _Bad(f"is a GGUF file of version {version}; Pinxit reads the versions 2 and 3.")
    tensors = head.count(MOST_TENSORS, "tensors")
    entries = dict(_entries(head, head.count(MOST_ENTRIES, "entries")))
    alignment = _alignment(entries.get("general.alignment", USUAL_ALIGNMENT))
    claims = [_tensor(head) for _ in range(tensors)]
    begin = -(-head.place // alignment) * alignment
    return Gguf(str(entries.get("general.architecture", "")), _placed(claims, begin, alignment, head.size))


# ── entries ───────────────────────────────────────────────────────────────────────────────────────


def _entries(head: _Head, count: int) -> Iterator[tuple[str, str | int]]:
    """Yield the entries that are asked for: short texts and whole numbers."""
    for _ in range(count):
        name, kind = head.text(MOST_NAME), head.number("<I")
        if kind == _Value.UINT32:
            yield name, head.number("<I")
        elif kind == _Value.STRING and name == "general.architecture":
            yield name, head.text(MOST_NAME)
        else:
            _pass_over(head, kind)


def _pass_over(head: _Head, kind: int) -> None:
    if kind == _Value.ARRAY:
        _pass_over_array(head, head.number("<I"), head.number())
    elif kind == _Value.STRING:
        head.skip(head.number())
    else:
        head.skip(_size(kind))


def _pass_over_array(head: _Head, kind: int, count: int) -> None:
    if kind == _Value.STRING:
        for _ in range(count):  # each takes eight bytes at least, so the head's end ends this too
            head.skip(head.number())
    else:  # lists of lists are nowhere in use and are not read
        head.skip(_size(kind) * count)


def _size(kind: int) -> int:
    if kind not in SIZES:
        raise _damaged(f"it holds an entry of the unknown kind {kind}")
    return SIZES[kind]


def _alignment(value: str | int) -> int:
    if not isinstance(value, int) or not 0 < value <= MOST_ALIGNMENT or value & (value - 1):
        raise _damaged("its weights lie nowhere")
    return value


# ── tensors ───────────────────────────────────────────────────────────────────────────────────────


class _Claim(NamedTuple):
    name: str
    kind: Kind
    shape: tuple[int, ...]
    offset: int


def _tensor(head: _Head) -> _Claim:
    name = head.text(MOST_NAME)
    if not 1 <= (sides := head.number("<I")) <= MOST_SIDES:
        raise _damaged(f"one of its tensors has {sides} sides")
    shape = tuple(head.number() for _ in range(sides))[::-1]
    kind = KINDS.get(number := head.number("<I"))
    if kind is None:
        known = ", ".join(kind.name for kind in KINDS.values())
        raise _Bad(
            f"holds its weights in a form that Pinxit does not read (number {number}); it reads {known}."
        )
    if min(shape) < 1 or shape[-1] % kind.numbers:
        raise _damaged("one of its tensors has a size that cannot be")
    return _Claim(name, kind, shape, head.number())


def _placed(claims: list[_Claim], begin: int, alignment: int, size: int) -> dict[str, Stored]:
    """Return the tensors where they lie: apart from each other and within the file."""
    placed, end = dict[str, Stored](), begin
    for name, kind, shape, offset in sorted(claims, key=lambda claim: claim.offset):
        place = begin + offset
        if offset % alignment or place < end or name in placed:
            raise _damaged("its tensors lie on each other")
        placed[name] = Stored(kind, shape, place, math.prod(shape) // kind.numbers * kind.bytes)
        end = place + placed[name].bytes
    if end > size:
        raise _damaged(f"it has {size} bytes instead of {end}")
    return placed
