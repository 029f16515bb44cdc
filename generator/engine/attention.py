"""Which kernel attends on a device: the fastest that it has, found once by asking it.

The kernel is called by its name. Left to itself torch would choose for each call anew, by flags that belong
to the whole process. ``python -m generator.engine.attention`` prints the choice for this machine's card.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.backends import cuda

from generator.engine.block import Attention, plain_attention, scaled_attention

HEAD = 128  # channels of Z-Image-Turbo's heads
WIDEST = 256  # channels of a head that the quick kernels take; a VAE's has 512
MOST_SCORES = 2**27  # at a time: half a gigabyte
HOPPER = 9  # the compute capability from which cuDNN's kernel is the fastest
TOLERANCE = 0.05  # of a trial in sixteen bits

log = logging.getLogger(__name__)


class Kernel(NamedTuple):
    """A way to attend, and the question whether it can be gone."""

    name: str
    attend: Attention
    can: Callable[[Any], bool]


def _cudnn(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    found: Tensor = torch.ops.aten._scaled_dot_product_cudnn_attention(q, k, v, None, False)[0]  # noqa: SLF001
    return found


def _flash(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    found: Tensor = torch.ops.aten._scaled_dot_product_flash_attention(q, k, v)[0]  # noqa: SLF001
    return found


def _by_products(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend by two products, some queries at a time: where heads are wide these cost the most by far.

    Scores are in 32 bits, as they are within a kernel; weights are rounded, as they are there.
    """
    several = max(1, MOST_SCORES // (k.shape[-2] * k[..., 0, 0].numel()))
    parts = [_seen(part, k, v) for part in torch.split(q, several, dim=-2)]
    return torch.cat(parts, dim=-2)


def _seen(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    one, other = q.flatten(0, 1), k.flatten(0, 1).mT
    if q.is_cuda:
        scores = torch.bmm(one, other, out_dtype=torch.float32)
    else:
        scores = torch.bmm(one.float(), other.float())
    shares = torch.softmax(scores * q.shape[-1] ** -0.5, dim=-1).to(v.dtype)
    return torch.unflatten(torch.bmm(shares, v.flatten(0, 1)), 0, q.shape[:2])


CUDNN = Kernel("cuDNN", _cudnn, cuda.can_use_cudnn_attention)
FLASH = Kernel("FlashAttention", _flash, cuda.can_use_flash_attention)
WIDE = Kernel("products", _by_products, lambda _asked: True)
OWN = Kernel("torch's own choice", scaled_attention, lambda _asked: True)


@functools.cache
def kernel_for(device: torch.device, head: int = HEAD) -> Kernel:
    """Return the fastest kernel for heads of so many channels in sixteen bits."""
    if device.type != "cuda":
        return OWN
    hopper = torch.cuda.get_device_capability(device)[0] >= HOPPER
    wanted = (WIDE,) if head > WIDEST else (CUDNN, FLASH) if hopper else (FLASH, CUDNN)
    found = next((kernel for kernel in wanted if works(kernel, device, head)), OWN)
    log.info("attention chosen", extra={"kernel": found.name, "head": head})
    return found


def works(kernel: Kernel, device: torch.device, head: int) -> bool:
    """Whether a kernel says that it can and then attends rightly, to tensors that lie as the blocks' do."""
    qkv = torch.randn(1, 64, 3, 2, head, device=device, dtype=torch.bfloat16)
    q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))
    try:
        if not kernel.can(cuda.SDPAParams(q, k, v, None, 0.0, False, False)):
            return False
        found, wanted = kernel.attend(q, k, v).float(), plain_attention(q.float(), k.float(), v.float())
        return torch.allclose(found, wanted, atol=TOLERANCE)
    except RuntimeError as error:
        log.warning("attention kernel failed", extra={"kernel": kernel.name, "reason": str(error)[:200]})
        return False


if __name__ == "__main__":
    print(kernel_for(torch.device("cuda" if torch.cuda.is_available() else "cpu")).name)  # noqa: T201
