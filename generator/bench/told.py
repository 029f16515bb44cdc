"""What a step tells a card, kernel by kernel: how many, and what they move. Counted without a card.

A kernel counts what it reads and writes, except products and attention, which move little beside what they
multiply. Where steps are compiled or recorded less is told; this is the most, and what a card begins with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from generator.bench.flops import LATENT
from generator.bench.sizes import Size, skeleton
from generator.engine.attention import CUDNN
from generator.engine.denoise import Canvas
from generator.engine.levers import Levers
from generator.engine.net import Net
from generator.engine.text import Text

NOWHERE = torch.device("meta")
DTYPE = torch.bfloat16  # a card's
TIME = 0.5
PRODUCTS = {"aten::mm", "aten::addmm", "aten::bmm", "aten::_scaled_mm", "aten::_int_mm"}
ROOM = {"aten::empty", "aten::empty_like", "aten::empty_strided", "aten::new_empty", "aten::_unsafe_view"}


@dataclass(slots=True)
class Told:
    """Kernels, how many of them are products or attend, the bytes that the others move, and all FLOPs."""

    kernels: int = 0
    products: int = 0
    attention: int = 0
    moved: int = 0
    flops: int = 0


def told_by_stock(size: Size, width: int, height: int, caption: int) -> Told:
    """Return what a step of the reference tells for one picture and a caption of so many tokens."""
    model = _transformer(size)
    with NOWHERE:  # where its rotations are made at their first use
        model.rope_embedder.freqs_cis = [
            torch.empty(length, dim // 2, dtype=torch.complex64)
            for length, dim in zip(model.axes_lens, model.axes_dims, strict=True)
        ]
        latents = torch.empty(model.config.in_channels, 1, height // LATENT, width // LATENT, dtype=DTYPE)
        words, time = torch.empty(caption, model.config.cap_feat_dim, dtype=DTYPE), torch.empty(1)
        return _told(lambda: model([latents], time, [words], return_dict=False))


def told_by_ours(size: Size, width: int, height: int, caption: int) -> Told:
    """Return what a step of the engine tells; what no step changes is there."""
    model = _transformer(size)
    net = Net(model, device=NOWHERE, levers=Levers(CUDNN))
    with torch.no_grad():
        words = torch.empty(caption, model.config.cap_feat_dim, dtype=DTYPE, device=NOWHERE)
        canvas = Canvas(net, [Text(words, truncated=False)], (height // LATENT, width // LATENT))
        latents = torch.empty(1, model.config.in_channels, height // LATENT, width // LATENT, device=NOWHERE)
        net.table(TIME, words)
        return _told(lambda: canvas(latents, TIME))


def _told(step: Callable[[], object]) -> Told:
    count = Count()
    with torch.no_grad(), OneKernelEach(), FlopCounterMode(display=False) as flops, count:
        step()
    count.told.flops = int(flops.get_total_flops())
    return count.told


def _transformer(size: Size) -> Any:
    return skeleton("transformer", size).to(DTYPE).eval().requires_grad_(False)


class Count(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what is told within."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.told = Told()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation; views and room without numbers are none to a card."""
        made = func(*args, **(kwargs or {}))
        name = func.name().partition(".")[0]
        if func.is_view or name in ROOM:
            return made
        self.told.kernels += 1
        if name in PRODUCTS:
            self.told.products += 1
        elif "attention" in name:
            self.told.attention += 1
        else:
            tensors = [each for each in tree_leaves((args, kwargs, made)) if isinstance(each, Tensor)]
            self.told.moved += sum(min(each.nbytes, each.untyped_storage().nbytes()) for each in tensors)
        return made


class OneKernelEach(TorchFunctionMode):
    """Attention and norms as a card has them: without a card torch takes them apart."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Put one kernel that reads and writes as much in the place of many."""
        if func is functional.rms_norm:
            return args[0].clone()
        if func is functional.scaled_dot_product_attention:
            given = dict(zip(("query", "key", "value"), args, strict=False)) | (kwargs or {})
            return CUDNN.attend(given["query"], given["key"], given["value"])
        return func(*args, **(kwargs or {}))
