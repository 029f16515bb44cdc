"""A model's transformer as one file: whether it can be loaded, and where the other parts are. Torch-free.

Only the file's head is read here.
"""

import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.gguf_file import read_gguf
from generator.heads import read_head
from generator.memory import Weights
from generator.models import EMBEDDED, Z_IMAGE, Z_IMAGE_TURBO, model_for
from generator.weights import (
    HUB_ID,
    NETWORKS,
    PICKLES,
    Progress,
    UnusableModel,
    check_folder,
    check_safetensors,
    downloaded,
    find_folder,
    weight_files,
)

GGUF = ".gguf"
ENDINGS = (GGUF, ".safetensors")
FILE_NAME = r"[A-Za-z0-9][\w.-]*"
HUB_FILE = re.compile(rf"({HUB_ID.pattern})/((?:{FILE_NAME}/)*{FILE_NAME}(?:\.gguf|\.safetensors))")
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
    file = _file(source, lambda fraction: progress(fraction / 2))
    if file is None:
        place = Place(find_folder(source, progress))
    else:
        check_checkpoint(file)
        place = Place(_home(file, lambda fraction: progress((1 + fraction) / 2)), file)
    check_folder(place.folder, whole=file is None)
    return place


def check_checkpoint(file: Path) -> None:
    """Raise UnusableModel unless the file holds a Z-Image transformer that can be loaded as it is."""
    if file.suffix.lower() in PICKLES:
        raise UnusableModel(
            f"{file} is a pickle file, which can run anything when opened; "
            "Pinxit loads safetensors and GGUF only."
        )
    if file.suffix.lower() == GGUF:
        head = read_gguf(file)
        _check_architecture(file, head.tensors, head.architecture)
        return
    check_safetensors(file)
    tensors, _ = read_head(file)
    _check_architecture(file, tensors)
    _check_numbers(file, tensors)


def check_local(path: Path) -> None:
    """Raise UnusableModel unless a folder is a whole model, or a file a whole model's transformer."""
    if not path.is_file():
        check_folder(path)
        return
    check_checkpoint(path)
    if home := own_home(path):
        check_folder(home, whole=False)


def transformer_bytes(file: Path) -> int:
    """Return how large the transformer in a checked file is in sixteen bits."""
    return 2 * _numbers(file)


def own_home(file: Path) -> Path | None:
    """Return the folder of a file's other parts, where that is the file's own."""
    return file.parent if (file.parent / "model_index.json").is_file() else None


def weights_in(folder: Path, checkpoint: Path | None = None) -> Weights:
    """Return how large the networks of a checked folder are in sixteen bits, whatever the files hold."""
    counts = [sum(map(_numbers, weight_files(folder / part))) for part in NETWORKS]
    if checkpoint is not None:
        counts[0] = _numbers(checkpoint)
    transformer, vae, text_encoder = (2 * count for count in counts)
    return Weights(transformer=transformer, text_encoder=text_encoder, vae=vae)


def _file(source: str, progress: Progress) -> Path | None:
    """Return the file that is meant, downloaded where it is the Hub's; None where a folder is meant."""
    file = Path(os.path.expanduser(source))  # noqa: PTH111  pathlib's own raises for unknown users
    if source != EMBEDDED and file.is_file():
        return file
    if (found := HUB_FILE.fullmatch(source)) is None:
        return None
    file = downloaded(found[1], progress, [found[2]]) / found[2]
    if not file.is_file():
        raise UnusableModel(f"There is no {found[2]} in {found[1]}.")
    return file


def _home(file: Path, progress: Progress) -> Path:
    """Return the folder of the other parts: the file's own, or else the published model's."""
    published = Z_IMAGE if model_for(str(file)).takes_guidance else Z_IMAGE_TURBO
    return own_home(file) or find_folder(published.name, progress, leave_out=["transformer/*.safetensors*"])


def _numbers(file: Path) -> int:
    """Return how many numbers a checked file holds."""
    if file.suffix.lower() == GGUF:
        return sum(math.prod(stored.shape) for stored in read_gguf(file).tensors.values())
    tensors, _ = read_head(file)
    return sum(math.prod(tensor["shape"]) for tensor in tensors.values())


# ── what a file is ────────────────────────────────────────────────────────────────────────────────


def _check_architecture(file: Path, names: Iterable[str], called: str = "") -> None:
    if any(mark in name for name in names for mark in LORA_MARKS):
        raise UnusableModel(f"{file} is a LoRA, not a model; `pinxit lora add` puts it on the shelf.")
    if not {MARK, PREFIX + MARK} & set(names):
        printable = "".join(filter(str.isprintable, called))[:40]
        kind = f" ({printable})" if printable else ""
        raise UnusableModel(f"{file} is of another architecture{kind}: it holds no Z-Image transformer.")


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
