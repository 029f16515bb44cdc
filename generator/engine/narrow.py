"""A transformer whose large matrices a file keeps in eight bits: read as they are, nothing is narrowed again.

The reference's own matrices stay empty until LoRAs are put on: these are added to what the file holds,
widened, and the sum is narrowed. Taken off, the file is read again, so that not even a rounding is left over.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from generator.choices import Precision
from generator.engine.block import Block, block_of
from generator.engine.held import Held
from generator.engine.products import Float8, Int8, Weight, widened
from generator.engine.reading import Wanted, fill
from generator.weights import SCALE

MATRICES = (
    ("attention.to_q", "attention.to_k", "attention.to_v"),
    ("attention.to_out.0",),
    ("feed_forward.w1", "feed_forward.w3"),
    ("feed_forward.w2",),
)
"""A block's qkv, out, w13 and w2: what the reference calls their parts."""
STACKS = ("noise_refiner", "layers")
"""The blocks that a step goes through: the picture's refiners, then the main."""
CPU = torch.device("cpu")


def narrow_matrices(transformer: Any) -> Iterator[str]:
    """Yield the names of the matrices that are kept in eight bits."""
    for prefix in _prefixes(transformer):
        yield from (f"{prefix}.{part}" for parts in MATRICES for part in parts)


class NarrowFile:
    """The files of a transformer in eight bits."""

    def __init__(self, transformer: Any, held: Held, precision: Precision) -> None:
        self.blocks: list[Block] = []  # of a step
        self._transformer = transformer
        self._held = held
        self._kind = Int8 if precision is Precision.INT8 else Float8
        self._widened = False

    def with_room(self, device: torch.device) -> Wanted:
        """Make room for the blocks of a step, and return what is to be read into them.

        Raises UnusableModel where a weight is missing.
        """
        self.blocks = [self._room(prefix, device) for prefix in _prefixes(self._transformer)]
        return self._wanted()

    def read(self) -> None:
        """Make the blocks what the files hold, in their place."""
        fill(self._wanted())

    def _wanted(self) -> Wanted:
        places: dict[str, Tensor] = {}
        for prefix, block in zip(_prefixes(self._transformer), self.blocks, strict=True):
            for parts, weight in zip(MATRICES, (block.qkv, block.out, block.w13, block.w2), strict=True):
                places |= self._places([f"{prefix}.{part}" for part in parts], weight)
        return self._found(places)

    def widen(self) -> None:
        """Give the reference's matrices numbers, on the processor, once: LoRAs are added to those."""
        if self._widened:
            return
        for name in narrow_matrices(self._transformer):
            kept = self._empty([name], CPU)
            fill(self._found(dict(self._places([name], kept))))
            weight = self._linear(name).weight
            weight.data = widened(kept, weight.dtype)
        self._widened = True

    def _room(self, prefix: str, device: torch.device) -> Block:
        qkv, out, w13, w2 = (
            self._empty([f"{prefix}.{part}" for part in parts], device) for parts in MATRICES
        )
        nothing = torch.empty(0), torch.empty(0)
        layer = self._transformer.get_submodule(prefix)
        return block_of(layer, nothing)._replace(qkv=qkv, out=out, w13=w13, w2=w2)

    def _empty(self, names: Sequence[str], device: torch.device) -> Int8 | Float8:
        """Return room for matrices, one below the other."""
        height, width = sum(self._heights(names)), self._linear(names[0]).in_features
        rows = torch.empty(height, width, dtype=self._kind.dtype(), device=device)
        return self._kind(rows, torch.empty(height, device=device))

    def _places(self, names: Sequence[str], weight: Weight) -> Iterator[tuple[str, Tensor]]:
        """Yield what files call each part of a weight and of its scales, and where it lies in them."""
        if isinstance(weight, Tensor):
            raise TypeError(names)
        heights = self._heights(names)
        parts = zip(names, torch.split(weight.rows, heights), torch.split(weight.scale, heights), strict=True)
        for name, rows, scale in parts:
            yield f"{name}.weight", rows
            yield f"{name}.weight{SCALE}", scale

    def _heights(self, names: Sequence[str]) -> list[int]:
        return [self._linear(name).out_features for name in names]

    def _linear(self, name: str) -> nn.Linear:
        found: nn.Linear = self._transformer.get_submodule(name)
        return found

    def _found(self, places: Mapping[str, Tensor]) -> Wanted:
        found = self._held.matched({name: tuple(place.shape) for name, place in places.items()})
        return [(found[name], place) for name, place in places.items()]


def _prefixes(transformer: Any) -> Iterator[str]:
    for stack in STACKS:
        yield from (f"{stack}.{number}" for number in range(len(getattr(transformer, stack))))
