"""The LoRAs on a transformer: put there once, kept by content, and switched between pictures.

A LoRA is small beside the model: changing which are on, and how strongly, touches no weight of the model.
"""

import hashlib
import logging
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from generator.layers import Layers
from generator.lora_file import MOST_BYTES, Piece, UnusableLora, check_file
from generator.loras import Shelf
from generator.recipe import Lora

MOST_KEPT = 16
BYTES_KEPT = MOST_BYTES

log = logging.getLogger(__name__)


class Adapters:
    """Which LoRAs a transformer wears. Made before the first is put on; one thread at a time."""

    def __init__(self, transformer: Any, shelf: Shelf) -> None:
        self._transformer = transformer
        self._shelf = shelf
        self._layers = layers_in(transformer)
        self._kept: OrderedDict[str, int] = OrderedDict()  # bytes by name, the latest used last
        self._seen: dict[Path, tuple[tuple[int, ...], str]] = {}

    def wear(self, loras: Sequence[Lora]) -> None:
        """Put just these on. After an UnusableLora the next call is as good as if it had not been."""
        names = [self._loaded(lora.name) for lora in loras]
        self._make_room(names)
        if names:
            self._transformer.enable_adapters()
            self._transformer.set_adapters(names, [lora.scale for lora in loras])
        elif self._kept:
            self._transformer.disable_adapters()

    def _loaded(self, name: str) -> str:
        """Return what the transformer calls this LoRA, once it has it."""
        file = self._shelf.file(name)
        try:
            key = self._content(file)
            if key not in self._kept:
                self._load(file, key)
        except UnusableLora:
            raise
        except (torch.OutOfMemoryError, MemoryError):
            raise
        except Exception as error:
            log.exception("lora unusable")
            raise UnusableLora(f"It could not be loaded ({type(error).__name__}).") from error
        self._kept.move_to_end(key)
        return key

    def _content(self, file: Path) -> str:
        """Return a name that the file's content alone gives; read again only where the file changed."""
        found = file.stat()
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._seen.get(file, ((), ""))[0] != stamp:
            if found.st_size > MOST_BYTES:
                check_file(file, self._layers)
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            self._seen[file] = stamp, f"lora_{digest[:24]}"
        return self._seen[file][1]

    def _load(self, file: Path, key: str) -> None:
        pieces = check_file(file, self._layers)
        state = state_of(pieces, load_file(file), self._transformer.dtype)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Already found a `peft_config`")  # several are wanted
            self._transformer.load_lora_adapter(state, prefix=None, adapter_name=key)
        self._transformer.requires_grad_(requires_grad=False)
        self._kept[key] = sum(tensor.nbytes for tensor in state.values())

    def _make_room(self, used: Sequence[str]) -> None:
        """Let the longest unused go while too much is kept."""
        for key in [key for key in self._kept if key not in used]:
            if len(self._kept) <= MOST_KEPT and sum(self._kept.values()) <= BYTES_KEPT:
                return
            self._transformer.delete_adapters(key)
            del self._kept[key]


def layers_in(transformer: nn.Module) -> Layers:
    """Return (out, in) of every matrix of a transformer that wears nothing."""
    return {
        name: (module.out_features, module.in_features)
        for name, module in transformer.named_modules()
        if isinstance(module, nn.Linear)
    }


def state_of(pieces: Sequence[Piece], tensors: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Return the matrices as peft names them, alpha multiplied in. Raises UnusableLora."""
    state = {}
    for piece in pieces:
        down, up = tensors[piece.down].float(), tensors[piece.up].float()
        if piece.alpha is not None:
            down = down * (tensors[piece.alpha].float().item() / piece.rank)
        if piece.third is not None:
            up = up.chunk(3)[piece.third]
        if not bool(torch.isfinite(down).all() and torch.isfinite(up).all()):
            raise UnusableLora("It holds values that are no numbers.")
        state[f"{piece.layer}.lora_A.weight"] = down.to(dtype)  # (rank, in)
        state[f"{piece.layer}.lora_B.weight"] = up.to(dtype).contiguous()  # (out, rank)
    return state
