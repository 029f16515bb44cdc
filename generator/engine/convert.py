"""``python -m generator.engine.convert SOURCE TARGET``: one file per network, in sixteen bits.

Z-Image-Turbo comes as several files in 32 bits, of which half is thrown away at every start. What is written
here is half as large and is read from end to end. A transformer that was a
file of its own becomes a part of it.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from generator.checkpoint import Place, find_place
from generator.engine.load import load_transformer
from generator.weights import NETWORKS, UnusableModel, check_folder, size_of, weight_files

NAMES = dict.fromkeys(NETWORKS, "diffusion_pytorch_model.safetensors") | {"text_encoder": "model.safetensors"}
Progress = Callable[[float], None]


def convert(place: Place, target: Path, progress: Progress) -> None:
    """Write a checked copy of a model to a new folder. Raises UnusableModel; leaves nothing half-done."""
    source = place.folder
    if target.exists():
        raise UnusableModel(f"{target} exists already; name a new folder.")
    whole, done = sum(_size(place, part) for part in NETWORKS), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".converting-") as folder:
        copy = Path(folder, target.name)
        shutil.copytree(
            source, copy, ignore=shutil.ignore_patterns("*.safetensors", "*.safetensors.index.json")
        )
        for part in NETWORKS:
            save_file(_narrowed(place, part), copy / part / NAMES[part], metadata={"format": "pt"})
            done += _size(place, part)
            progress(done / whole)
        check_folder(copy)
        copy.rename(target)


def _size(place: Place, part: str) -> int:
    alone = place.checkpoint if part == "transformer" else None
    return alone.stat().st_size if alone else size_of(place.folder / part)


def _narrowed(place: Place, part: str) -> dict[str, Tensor]:
    if place.checkpoint is None or part != "transformer":
        return dict(_narrowed_folder(place.folder / part))
    folder, alone = place.folder / part, place.checkpoint
    return dict(
        load_transformer(folder, alone, torch.device("cpu"), torch.bfloat16, lambda _bytes: None).state_dict()
    )


def _narrowed_folder(folder: Path) -> Iterator[tuple[str, Tensor]]:
    for file in weight_files(folder):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  it is no dict
                tensor = opened.get_tensor(name)
                yield name, tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor


def main() -> None:
    """Convert; print how far it is, one number a line."""
    parser = argparse.ArgumentParser(prog="python -m generator.engine.convert", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    try:
        place = find_place(options.source, lambda _fraction: None)
        convert(place, options.target, lambda fraction: print(f"{fraction:.3f}", flush=True))  # noqa: T201
    except UnusableModel as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{options.target} cannot be written: {error.strerror}.")


if __name__ == "__main__":
    main()
