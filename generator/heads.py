"""The head of a safetensors file: what tensors it says it holds. Torch-free; the tensors are not read."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LENGTH_BYTES = 8
HEADER_LIMIT = 100_000_000  # the format's own
MOST_SIDES = 8  # of a tensor
BYTES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I64": 8,
    "I32": 4,
    "I8": 1,
    "U8": 1,
}
"""Of a number, by what a file calls its kind."""


def read_head(file: Path, limit: int = HEADER_LIMIT) -> tuple[dict[str, Any], int]:
    """Return the tensors by name and how many bytes the whole file must have.

    Raises OSError, or one of ValueError, LookupError, TypeError, AttributeError, RecursionError for what is
    no safetensors file.
    """
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(LENGTH_BYTES), "little")
        if not 0 < length <= limit:
            raise ValueError(length)
        head = json.loads(opened.read(length))
    tensors = {name: tensor for name, tensor in head.items() if name != "__metadata__"}
    ends = [tensor["data_offsets"][1] for tensor in tensors.values()]
    return tensors, LENGTH_BYTES + length + int(max(ends, default=0))


def data_start(file: Path) -> int:
    """Return where a file's tensors begin."""
    with file.open("rb") as opened:
        return LENGTH_BYTES + int.from_bytes(opened.read(LENGTH_BYTES), "little")


def check_layout(tensors: Mapping[str, Any]) -> None:
    """Raise ValueError or its kin unless the tensors lie one behind the other and are as long as they say."""
    end = 0
    for begin, after, name in sorted((*tensor["data_offsets"], name) for name, tensor in tensors.items()):
        size = BYTES.get(tensors[name].get("dtype"))
        shape = shape_of(tensors[name])
        if begin != end or after < begin or (size and after - begin != size * math.prod(shape)):
            raise ValueError(name)
        end = after


def shape_of(tensor: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the sides of a tensor. Raises ValueError or its kin where they are none."""
    shape = tensor["shape"]
    if len(shape) > MOST_SIDES or not all(isinstance(side, int) and 0 <= side < 1 << 63 for side in shape):
        raise ValueError(shape)
    return tuple(shape)
