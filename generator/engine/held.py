"""What the files of a model hold, by the names that its networks have, whoever wrote them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator.checkpoint import GGUF, MARK, PREFIX
from generator.engine.gguf_weights import stored_in_gguf
from generator.engine.reading import Stored, stored_in
from generator.weights import check_none_missing, weight_files

WITHIN = "model."  # what a text encoder's weights are called in a file that holds a whole language model
OLD_NAMES = (("query.", "to_q."), ("key.", "to_k."), ("value.", "to_v."), ("proj_attn.", "to_out.0."))
"""Of a VAE's attention, in files from before it was everybody's."""
OWN_NAMES = (
    ("attention.q_norm.", "attention.norm_q."),
    ("attention.k_norm.", "attention.norm_k."),
    ("attention.out.", "attention.to_out.0."),
)
OWN_BEGINNINGS = (("x_embedder.", "all_x_embedder.2-1."), ("final_layer.", "all_final_layer.2-1."))
"""Of a transformer, in Z-Image's own files and in ComfyUI's."""
TOGETHER = "attention.qkv.weight"


@dataclass(frozen=True, slots=True)
class Held:
    """The tensors of a place."""

    place: Path
    tensors: Mapping[str, Stored]

    def matched(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Stored]:
        """Return what fills each of these. Raises UnusableModel where one is missing."""
        check_none_missing(self.place, [name for name in shapes if name not in self.tensors])
        found = {name: self.tensors[name] for name in shapes}
        for name, shape in shapes.items():
            if found[name].shape != shape:
                raise ValueError(f"{name} is {list(found[name].shape)}, but {list(shape)} is expected.")
        return found


def held_in_folder(folder: Path) -> Held:
    """Return what a part's checked folder holds."""
    stored = stored_in(weight_files(folder))
    return Held(folder, {_usual(name): each for name, each in stored.items()})


def held_in_checkpoint(file: Path) -> Held:
    """Return the transformer that a checked file holds, by its folder's names."""
    stored_of = stored_in_gguf if file.suffix.lower() == GGUF else _in_safetensors
    found = stored_of(file, "")
    if PREFIX + MARK in found:
        found = stored_of(file, PREFIX)
    return Held(file, dict(pair for name, each in found.items() for pair in _renamed(name, each)))


def _in_safetensors(file: Path, prefix: str) -> dict[str, Stored]:
    return stored_in([file], prefix)


def _usual(name: str) -> str:
    name = name.removeprefix(WITHIN)
    if ".attentions." in name:
        for old, new in OLD_NAMES:
            name = name.replace(f".{old}", f".{new}")
    return name


def _renamed(name: str, stored: Stored) -> Iterator[tuple[str, Stored]]:
    """Yield what a tensor is to the reference; query, key and value are three there."""
    for theirs, ours in OWN_BEGINNINGS:
        if name.startswith(theirs):
            name = ours + name.removeprefix(theirs)
    for theirs, ours in OWN_NAMES:
        name = name.replace(theirs, ours)
    if name.endswith(TOGETHER):
        height = stored.shape[0] // 3
        for number, letter in enumerate("qkv"):
            yield name.replace(".qkv.", f".to_{letter}."), stored.rows(number * height, height)
    elif name.endswith("_pad_token") and len(stored.shape) == 1:  # ggml forgets that they are (1, dim)
        yield name, replace(stored, shape=(1, *stored.shape))
    else:
        yield name, stored
