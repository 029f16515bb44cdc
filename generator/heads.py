"""The head of a safetensors file: what tensors it says it holds. Torch-free; the tensors are not read."""

import json
from pathlib import Path
from typing import Any

LENGTH_BYTES = 8
HEADER_LIMIT = 100_000_000  # the format's own


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
