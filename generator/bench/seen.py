"""Which kernels attend while an arm draws, as a profiler sees them."""

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

from generator.bench.clock import settle

PARTS = ("attention", "flash", "fmha", "sdpa", "cudnn_generated")  # of the names of kernels that attend
LENGTH = 90  # letters; a template's name has hundreds


def attending(device: torch.device, draw: Callable[[], object]) -> list[str]:
    """Return the names of those that run while something is drawn."""
    kind = ProfilerActivity.CUDA if device.type == "cuda" else ProfilerActivity.CPU
    with profile(activities=[kind]) as seen:
        draw()
        settle(device)
    names = {event.key for event in seen.key_averages()}
    return sorted({name[:LENGTH] for name in names if any(part in name.lower() for part in PARTS)})
