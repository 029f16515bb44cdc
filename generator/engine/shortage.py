"""What it looks like when memory runs out."""

import torch


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out: a card says so by type, the processor's allocator only by its sentence."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
