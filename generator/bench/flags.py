"""Flags that belong to the whole process: what one arm sets would quietly tune the others, too."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from diffusers.models.attention_dispatch import _AttentionBackendRegistry as Registry
from torch.backends import cuda, cudnn

Flag = tuple[Callable[[], Any], Callable[[Any], Any]]
"""How to read it, and how to set it."""


def _named(owner: Any, name: str) -> Flag:
    return partial(getattr, owner, name), partial(setattr, owner, name)


FLAGS: dict[str, Flag] = {
    "precision of products": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "cuDNN tries its ways": _named(cudnn, "benchmark"),
    "cuDNN repeats itself": _named(cudnn, "deterministic"),
    "cuDNN in TF32": _named(cudnn, "allow_tf32"),
    "products in TF32": _named(cuda.matmul, "allow_tf32"),
    "sums in sixteen bits": _named(cuda.matmul, "allow_bf16_reduced_precision_reduction"),
    "attention by cuDNN": (cuda.cudnn_sdp_enabled, cuda.enable_cudnn_sdp),
    "attention by flash": (cuda.flash_sdp_enabled, cuda.enable_flash_sdp),
    "attention by memory": (cuda.mem_efficient_sdp_enabled, cuda.enable_mem_efficient_sdp),
    "attention by products": (cuda.math_sdp_enabled, cuda.enable_math_sdp),
    "attention in diffusers": (lambda: Registry.get_active_backend()[0], Registry.set_active_backend),
    "threads": (torch.get_num_threads, torch.set_num_threads),
    "numbers": (torch.get_default_dtype, torch.set_default_dtype),
}


def flags() -> dict[str, Any]:
    """Return them as they are."""
    return {name: get() for name, (get, _) in FLAGS.items()}


@contextmanager
def kept() -> Iterator[None]:
    """Leave them as they were, whatever is set within."""
    before = flags()
    try:
        yield
    finally:
        for name, value in before.items():
            if flags()[name] != value:
                FLAGS[name][1](value)
