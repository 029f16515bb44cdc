"""The weights as they were loaded, of the matrices that LoRAs touch: what taking them off copies back."""

from collections.abc import Collection, Mapping
from contextlib import suppress

import torch
from torch import Tensor

SPARE_BYTES = 6 << 30  # of a card's memory, for drawing


class Originals:
    """Copies, made before a weight is first changed.

    They lie beside the weights, where copying them back takes milliseconds, and are let go with the last
    LoRA; on a card without room for them they lie in the machine's memory and stay, because carrying twelve
    gigabytes off the card again would take longer than drawing.
    """

    def __init__(self) -> None:
        self._copies: dict[str, Tensor] = {}
        self._carried = False

    def keep(self, weights: Mapping[str, Tensor]) -> None:
        """Copy those that are not kept yet. None of them may have been changed."""
        fresh = {name: weight for name, weight in weights.items() if name not in self._copies}
        if not self._carried and not _has_room(fresh):
            self._carried = True
            self._copies = {name: _carried(copy) for name, copy in self._copies.items()}
        copied = _carried if self._carried else torch.clone
        for name, weight in fresh.items():
            self._copies[name] = copied(weight)

    def __getitem__(self, name: str) -> Tensor:
        """Return an original; it may lie elsewhere than the weight."""
        return self._copies[name]

    def forget_but(self, names: Collection[str]) -> None:
        """Let go those that hold their original again, unless it was carried far."""
        if not self._carried:
            self._copies = {name: copy for name, copy in self._copies.items() if name in names}


def _has_room(weights: Mapping[str, Tensor]) -> bool:
    cards = {weight.device for weight in weights.values() if weight.device.type == "cuda"}
    wanted = sum(weight.nbytes for weight in weights.values())
    return all(torch.cuda.mem_get_info(card)[0] - wanted >= SPARE_BYTES for card in cards)


def _carried(weight: Tensor) -> Tensor:
    """Return a copy in the machine's memory, in pages that a card reads quickly where that is possible."""
    copy = weight.to("cpu", copy=True)
    with suppress(RuntimeError):  # no card, or no memory that may be pinned
        return copy.pin_memory()
    return copy
