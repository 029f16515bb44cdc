"""The LoRAs on a transformer: kept by content, and added to its weights where pictures wear them.

A step multiplies with one matrix whether that matrix holds a LoRA or not, so a worn one costs a picture
nothing. Putting some on adds scale · B · A to each matrix they touch, reckoned from the original, of which a
copy is kept; taking them off copies the originals back, so not even a rounding is left over. The weights stay
where they are in memory: what was compiled or recorded over them goes on working.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from generator.engine.narrow import NarrowFile
from generator.engine.originals import Originals
from generator.layers import Layers
from generator.lora_file import MOST_BYTES, Piece, UnusableLora, check_file
from generator.loras import Shelf
from generator.recipe import Lora

MOST_KEPT = 16
BYTES_KEPT = MOST_BYTES

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What a LoRA adds to one matrix at scale 1: `factor` · `up` @ `down`."""

    layer: str
    down: Tensor  # (rank, in)
    up: Tensor  # (out, rank)
    factor: float


Worn = tuple[tuple[str, float], ...]
"""Contents and scales, in the order in which they are added."""


class Adapters:
    """Which LoRAs a transformer wears. One thread at a time.

    `worn` says what the weights hold now; what was computed with other weights is stale.
    """

    def __init__(self, transformer: Any, shelf: Shelf, narrow: NarrowFile | None = None) -> None:
        self.worn: Worn | None = ()  # None while it changes, or where that failed half-way
        self._shelf = shelf
        self._narrow = narrow
        self._layers = layers_in(transformer)
        self._weights: dict[str, Tensor] = {
            name: module.weight for name, module in transformer.named_modules() if name in self._layers
        }
        self._originals = Originals()
        self._changed: set[str] = set()  # layers that may not hold their originals
        self._kept: OrderedDict[str, tuple[Change, ...]] = OrderedDict()  # by content, the latest used last

    def wear(self, loras: Sequence[Lora]) -> None:
        """Put just these on. After an UnusableLora the next call is as good as if it had not been."""
        worn = tuple((self._loaded(lora), lora.scale) for lora in loras)
        self._make_room([key for key, _ in worn])
        if worn != self.worn:
            self.worn = None
            self._merge(worn)
            self.worn = worn

    @torch.no_grad()
    def _merge(self, worn: Worn) -> None:
        """Make the touched weights of the originals, and the others the originals again."""
        if self._narrow is not None:
            self._narrow.widen()
        changes: dict[str, list[tuple[Change, float]]] = {}
        for key, scale in worn:
            for change in self._kept[key]:
                changes.setdefault(change.layer, []).append((change, scale))
        self._originals.keep({name: self._weights[name] for name in changes})
        self._changed |= set(changes)
        for name in self._changed:
            weight = self._weights[name]
            original = self._originals[name].to(weight.device, non_blocking=True)
            if name in changes:
                _add(weight, original, changes[name])
            else:
                weight.copy_(original)
        self._changed = set(changes)
        self._originals.forget_but(changes)

    # ── what is kept ──────────────────────────────────────────────────────────────────────────────

    def _loaded(self, lora: Lora) -> str:
        """Return the content of this LoRA, once its matrices are here."""
        try:
            file, key = self._shelf.found(lora)
            if key not in self._kept:
                self._kept[key] = self._read(file)
        except UnusableLora:
            raise
        except (torch.OutOfMemoryError, MemoryError):
            raise
        except Exception as error:
            log.exception("lora unusable")
            kind = type(error).__name__
            raise UnusableLora("unloadable", "It could not be loaded ({kind}).", kind=kind) from error
        self._kept.move_to_end(key)
        return key

    def _read(self, file: Path) -> tuple[Change, ...]:
        pieces = check_file(file, self._layers)
        device = next(iter(self._weights.values())).device
        tensors = load_file(file, device=str(device))
        return tuple(changes_of(pieces, tensors))

    def _make_room(self, used: Sequence[str]) -> None:
        """Let the longest unused go while too much is kept."""
        for key in [key for key in self._kept if key not in used]:
            if len(self._kept) <= MOST_KEPT and self._bytes_kept() <= BYTES_KEPT:
                return
            del self._kept[key]

    def _bytes_kept(self) -> int:
        changes = (change for each in self._kept.values() for change in each)
        return sum(change.down.nbytes + change.up.nbytes for change in changes)


def _add(weight: Tensor, original: Tensor, changes: Sequence[tuple[Change, float]]) -> None:
    """Make the weight its original and all changes: one product, whose inner side is the ranks together."""
    device = weight.device  # parts of a model may lie on the card and others not
    ups = torch.cat([change.up.to(device).float() * (change.factor * scale) for change, scale in changes], 1)
    downs = torch.cat([change.down.to(device).float() for change, _ in changes])
    if weight.dtype == torch.float32:
        torch.addmm(original, ups, downs, out=weight)
    else:
        weight.copy_(torch.addmm(original.float(), ups, downs))


def layers_in(transformer: nn.Module) -> Layers:
    """Return (out, in) of every matrix of a transformer."""
    return {
        name: (module.out_features, module.in_features)
        for name, module in transformer.named_modules()
        if isinstance(module, nn.Linear)
    }


def changes_of(pieces: Sequence[Piece], tensors: Mapping[str, Tensor]) -> Iterator[Change]:
    """Yield what a file adds, its numbers as the file keeps them. Raises UnusableLora."""
    for piece in pieces:
        down, up = tensors[piece.down], tensors[piece.up]
        alpha = piece.rank if piece.alpha is None else float(tensors[piece.alpha])
        if piece.third is not None:
            up = up.chunk(3)[piece.third]
        factor = alpha / piece.rank
        if not bool(torch.isfinite(down).all() and torch.isfinite(up).all() and abs(factor) < float("inf")):
            raise UnusableLora("not_finite", "It holds values that are no numbers.")
        yield Change(piece.layer, down, up, factor)
