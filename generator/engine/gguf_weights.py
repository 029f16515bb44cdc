"""The weights of a GGUF file, where they lie and what they mean: packed ones become plain numbers again.

A block is a row of bytes: scales, and small whole numbers packed between them. What each kind's bytes mean is
ggml's: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from generator.engine.reading import KINDS, Packing, Stored
from generator.gguf_file import Stored as Said
from generator.gguf_file import read_gguf


def stored_in_gguf(file: Path, prefix: str = "") -> dict[str, Stored]:
    """Return what a checked file holds under a prefix, by name without it."""
    return {
        name.removeprefix(prefix): _stored(file, each)
        for name, each in read_gguf(file).tensors.items()
        if name.startswith(prefix)
    }


def _stored(file: Path, said: Said) -> Stored:
    kind = said.kind
    if kind.name in KINDS:
        return Stored(file, said.begin, KINDS[kind.name], said.shape)
    packing = Packing(kind.numbers, kind.bytes, UNPACKED[kind.name])
    return Stored(file, said.begin, torch.float32, said.shape, packing)


# ── parts of blocks ───────────────────────────────────────────────────────────────────────────────


def _scale(block: Tensor, place: int) -> Tensor:
    """Return the half-precision number at a place of each block, (blocks, 1)."""
    return block[:, place : place + 2].contiguous().view(torch.float16).float()


def _nibbles(packed: Tensor) -> Tensor:
    """Return the lower halves of the bytes, then the upper ones."""
    return torch.cat([packed & 15, packed >> 4], dim=-1)


def _bits(packed: Tensor, each: int) -> Tensor:
    """Return numbers of so many bits, (…, 8 / each, bytes): first the lowest of every byte."""
    shifts = torch.arange(0, 8, each, dtype=torch.uint8, device=packed.device)
    return (packed[..., None, :] >> shifts[:, None]) & ((1 << each) - 1)


def _six_bits(packed: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eight scales and eight minima of twelve bytes."""
    first, second, rest = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = torch.cat([first & 63, (rest & 15) | (first >> 6 << 4)], dim=1)
    minima = torch.cat([second & 63, (rest >> 4) | (second >> 6 << 4)], dim=1)
    return scales.float(), minima.float()


# ── blocks of 32 ──────────────────────────────────────────────────────────────────────────────────


def _q4_0(block: Tensor) -> Tensor:
    return _scale(block, 0) * (_nibbles(block[:, 2:]).float() - 8)


def _q4_1(block: Tensor) -> Tensor:
    return _scale(block, 0) * _nibbles(block[:, 4:]).float() + _scale(block, 2)


def _q5_0(block: Tensor) -> Tensor:
    return _scale(block, 0) * (_five_bits(block[:, 2:]) - 16)


def _q5_1(block: Tensor) -> Tensor:
    return _scale(block, 0) * _five_bits(block[:, 4:]) + _scale(block, 2)


def _five_bits(packed: Tensor) -> Tensor:
    """Return numbers whose fifth bits are in the first four bytes."""
    fifth = _bits(packed[:, :4], 1).mT.flatten(1)  # (blocks, 32)
    return (_nibbles(packed[:, 4:]) | fifth << 4).float()


def _q8_0(block: Tensor) -> Tensor:
    return _scale(block, 0) * block[:, 2:].contiguous().view(torch.int8).float()


# ── blocks of 256 ─────────────────────────────────────────────────────────────────────────────────


def _q2_k(block: Tensor) -> Tensor:
    scales, minima = (block[:, :16] & 15).float(), (block[:, :16] >> 4).float()
    numbers = _bits(block[:, 16:80].reshape(-1, 2, 32), 2).reshape(-1, 16, 16)
    return _scaled(numbers, _scale(block, 80) * scales) - (_scale(block, 82) * minima)[..., None]


def _q3_k(block: Tensor) -> Tensor:
    third = _bits(block[:, :32], 1)  # (blocks, 8, 32)
    lower = _bits(block[:, 32:96].reshape(-1, 2, 32), 2).reshape(-1, 8, 32)
    numbers = (lower | third << 2).float() - 4
    high = _bits(block[:, 104:108], 2).flatten(1)
    scales = (_nibbles(block[:, 96:104]) | high << 4).float() - 32
    return _scaled(numbers.reshape(-1, 16, 16), _scale(block, 108) * scales)


def _q4_k(block: Tensor) -> Tensor:
    return _between(block, _nibbles(block[:, 16:].reshape(-1, 4, 32)).reshape(-1, 8, 32))


def _q5_k(block: Tensor) -> Tensor:
    lower = _nibbles(block[:, 48:].reshape(-1, 4, 32)).reshape(-1, 8, 32)
    return _between(block, lower | _bits(block[:, 16:48], 1) << 4)


def _between(block: Tensor, numbers: Tensor) -> Tensor:
    scales, minima = _six_bits(block[:, 4:16])
    return _scaled(numbers, _scale(block, 0) * scales) - (_scale(block, 2) * minima)[..., None]


def _q6_k(block: Tensor) -> Tensor:
    lower = _nibbles(block[:, :128].reshape(-1, 2, 64))  # (blocks, 2, 128)
    upper = _bits(block[:, 128:192].reshape(-1, 2, 32), 2).flatten(2)
    numbers = (lower | upper << 4).float() - 32
    scales = block[:, 192:208].contiguous().view(torch.int8).float()
    return _scaled(numbers.reshape(-1, 16, 16), _scale(block, 208) * scales)


def _scaled(numbers: Tensor, scales: Tensor) -> Tensor:
    """Return groups of numbers, (blocks, groups, in each), times the scales of the groups."""
    return numbers.float() * scales[..., None]


UNPACKED: dict[str, Callable[[Tensor], Tensor]] = {
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q5_0": _q5_0,
    "Q5_1": _q5_1,
    "Q8_0": _q8_0,
    "Q2_K": _q2_k,
    "Q3_K": _q3_k,
    "Q4_K": _q4_k,
    "Q5_K": _q5_k,
    "Q6_K": _q6_k,
}
