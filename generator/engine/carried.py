"""Blocks that lie in the machine's memory and come to the device one ahead of the one that computes."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress

import torch
from torch import Tensor

from generator.engine.block import Block, matrices_of, with_matrices
from generator.engine.lines import Line, Mark

PLACES = 2  # on the device: one computes, the next arrives
PORTABLE = 1  # as the CUDA runtime counts its flags

log = logging.getLogger(__name__)


class Carrier:
    """Gives the blocks of a step on the device, asked for in their order.

    While one computes, the next travels beside it into the place of the one before. Asked for the first it
    begins anew, for weights may have been changed between two steps.
    """

    def __init__(self, blocks: Sequence[Block], device: torch.device, line: Line) -> None:
        self._blocks = blocks
        self._line = line
        self._places = [
            with_matrices(blocks[0], lambda weight: torch.empty_like(weight, device=device))
            for _ in range(PLACES)
        ]
        self._coming: tuple[int, Mark] | None = None

    def __call__(self, index: int) -> Block:
        """Return a block whose matrices will be there when the device comes to it."""
        if index == 0 or self._coming is None or self._coming[0] != index:
            self._bring(index)
        assert self._coming is not None
        _, arrival = self._coming
        if index + 1 < len(self._blocks):
            self._bring(
                index + 1
            )  # told before this block computes, so that it waits for the one before only
        arrival.hold()
        matrices = self._places[index % PLACES]
        return self._blocks[index]._replace(
            qkv=matrices.qkv, out=matrices.out, w13=matrices.w13, w2=matrices.w2
        )

    def _bring(self, index: int) -> None:
        self._line.follow()  # what lies in that place may still be computed with
        place = self._places[index % PLACES]
        with self._line.work():
            for source, target in zip(matrices_of(self._blocks[index]), matrices_of(place), strict=True):
                target.copy_(source, non_blocking=True)
        self._coming = index, self._line.mark()


def pin(tensors: Iterable[Tensor]) -> None:
    """Let a card read tensors where they lie, without the processor's help. Runs on cards only.

    Pinned as they are: torch would copy each into twice the memory, whose size is a power of two.
    """
    runtime = torch.cuda.cudart()  # type: ignore[no-untyped-call]
    for tensor in tensors:
        if runtime.cudaHostRegister(tensor.data_ptr(), tensor.nbytes, PORTABLE) != runtime.cudaError.success:
            log.warning("memory not pinned; blocks are carried more slowly")
            with suppress(RuntimeError):  # else the next kernel would be told of this error
                torch.zeros(1, device="cuda")
            return
