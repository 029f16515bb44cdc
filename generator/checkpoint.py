"""A model's transformer as one file: whether it can be loaded, and where the other parts are. Torch-free.

Only the file's head is read here.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.heads import read_head
from generator.models import EMBEDDED, Z_IMAGE, Z_IMAGE_TURBO, model_for
from generator.weights import PICKLES, Progress, UnusableModel, check_folder, check_safetensors, find_folder

MARK = "layers.0.adaLN_modulation.0.weight"  # of Z-Image alone, under its own names and under diffusers'
PREFIX = "model.diffusion_model."  # of the transformer, where a file holds other networks too
LORA_MARKS = (".lora_A.", ".lora_B.", ".lora_down.", ".lora_up.")
NUMBERS = {"F64", "F32", "F16", "BF16"}


@dataclass(frozen=True, slots=True)
class Place:
    """A model's folder; its transformer's weights are in `checkpoint` where that is a file of its own."""

    folder: Path
    checkpoint: Path | None = None


def find_place(source: str, progress: Progress) -> Place:
    """Return where all of what `PINXIT_MODEL` names lies, checked. Raises UnusableModel."""
    file = Path(os.path.expanduser(source))  # noqa: PTH111  pathlib's own raises for unknown users
    checkpoint = file if source != EMBEDDED and file.is_file() else None
    if checkpoint is None:
        folder = find_folder(source, progress)
    else:
        check_checkpoint(checkpoint)
        folder = _home(checkpoint, progress)
    check_folder(folder, whole=checkpoint is None)
    return Place(folder, checkpoint)


def check_checkpoint(file: Path) -> None:
    """Raise UnusableModel unless the file holds a Z-Image transformer that can be loaded as it is."""
    suffix = file.suffix.lower()
    if suffix in PICKLES:
        raise UnusableModel(
            f"{file} is a pickle file, which can run anything when opened; Pinxit loads safetensors only."
        )
    if suffix == ".gguf":
        raise UnusableModel(f"{file} is a GGUF file; Pinxit loads the same model as safetensors only.")
    check_safetensors(file)
    tensors, _ = read_head(file)
    _check_shapes(file, tensors)
    _check_architecture(file, tensors)
    _check_numbers(file, tensors)


def _check_shapes(file: Path, tensors: dict[str, Any]) -> None:
    shapes = [tensor.get("shape") for tensor in tensors.values()]
    if not all(isinstance(shape, list) and all(isinstance(side, int) for side in shape) for shape in shapes):
        raise UnusableModel(f"{file} is damaged: it does not say how large its weights are.")


def _check_architecture(file: Path, tensors: dict[str, Any]) -> None:
    if any(mark in name for name in tensors for mark in LORA_MARKS):
        raise UnusableModel(f"{file} is a LoRA, not a model; `pinxit lora add` puts it on the shelf.")
    if not {MARK, PREFIX + MARK} & tensors.keys():
        raise UnusableModel(f"{file} is of another architecture: it holds no Z-Image transformer.")


def _check_numbers(file: Path, tensors: dict[str, Any]) -> None:
    """Eight bits come with scales of their own, which would silently be left out."""
    prefix = PREFIX if PREFIX + MARK in tensors else ""
    kinds = {
        str(tensor.get("dtype", "nothing known"))
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
    if strange := sorted(kinds - NUMBERS):
        raise UnusableModel(
            f"{file} holds its weights as {strange[0]}; Pinxit loads 16 and 32 bit ones and can make them "
            "narrower itself (PINXIT_PRECISION)."
        )


def _home(file: Path, progress: Progress) -> Path:
    """Return the folder of the other parts: the file's own, or else the published model's."""
    if (file.parent / "model_index.json").is_file():
        return file.parent
    published = Z_IMAGE if model_for(str(file)).takes_guidance else Z_IMAGE_TURBO
    return find_folder(published.name, progress, leave_out=["transformer/*.safetensors*"])
