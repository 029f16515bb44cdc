"""``python -m generator.engine.convert SOURCE TARGET``: one file per network, in sixteen bits or in eight.

Z-Image-Turbo comes as several files in 32 bits, of which half is thrown away at every start. What is written
here is half as large or a quarter, and is read from end to end; in eight bits nothing is left to be narrowed.
Cut short, it goes on where it was. A transformer that was a file of its own becomes a part of it.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from generator.checkpoint import Place, find_place
from generator.choices import Precision
from generator.engine.held import WITHIN, held_in_checkpoint
from generator.engine.narrow import narrow_matrices
from generator.engine.network import empty_text_encoder, empty_transformer
from generator.engine.products import Float8, Int8, kept_in
from generator.engine.reading import KINDS, Stored, fill, stored_in
from generator.engine.writing import Planned, Unit, write
from generator.sums import SUMS, write_sums
from generator.weights import (
    NARROW,
    NETWORKS,
    SCALE,
    UnusableModel,
    check_folder,
    precision_of,
    weight_files,
)

NAMES = dict.fromkeys(NETWORKS, "diffusion_pytorch_model.safetensors") | {"text_encoder": "model.safetensors"}
LEFT_OUT = ("*.safetensors", "*.safetensors.index.json", SUMS)
WRITTEN_IN = (Precision.EXACT, Precision.FP8, Precision.INT8)
WRITTEN = 0.9  # of the progress; then every byte is read again
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor of the model that is converted."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    read: Callable[[], Tensor]


def convert(place: Place, target: Path, progress: Progress, precision: Precision = Precision.EXACT) -> None:
    """Write a checked model's copy to a new folder, which appears when it is whole. Raises UnusableModel."""
    if place.checkpoint is None and precision_of(place.folder / "transformer") is not Precision.EXACT:
        raise UnusableModel(f"{place.folder} is in eight bits already; convert what it was made of.")
    if target.exists():
        raise UnusableModel(f"{target} exists already; name a new folder.")
    copy = target.parent / f".converting-{target.name}"
    shutil.copytree(place.folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    _write_networks(place, copy, lambda fraction: progress(WRITTEN * fraction), precision)
    check_folder(copy)
    write_sums(copy, lambda fraction: progress(WRITTEN + (1 - WRITTEN) * fraction))
    copy.rename(target)


def _write_networks(place: Place, copy: Path, progress: Progress, precision: Precision) -> None:
    units = {part: list(_units(place, part, precision)) for part in NETWORKS}
    whole, done = sum(unit.bytes for part in units.values() for unit in part), 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress(done / whole)

    for part in NETWORKS:
        write(copy / part / NAMES[part], units[part], _made_of(place, part), told)


def _units(place: Place, part: str, precision: Precision) -> Iterator[Unit]:
    narrow = _narrow_in(place.folder, part, precision)
    for name, source in _sources(place, part):
        layer = name.removesuffix(".weight")
        if layer != name and {layer, layer.removeprefix(WITHIN)} & narrow:
            yield _narrowed(name, source, precision)
        else:
            yield _in_sixteen(name, source)


def _sources(place: Place, part: str) -> Iterator[tuple[str, Source]]:
    folder = place.folder / part
    if place.checkpoint is not None and part == "transformer":
        shapes = {name: tuple(each.shape) for name, each in empty_transformer(folder).named_parameters()}
        found = held_in_checkpoint(place.checkpoint).matched(shapes)
    else:
        found = stored_in(weight_files(folder))
    for name, stored in found.items():
        yield name, Source(stored.dtype, stored.shape, partial(_read, stored))


def _in_sixteen(name: str, source: Source) -> Unit:
    dtype = torch.bfloat16 if source.dtype.is_floating_point else source.dtype
    return Unit([Planned(name, dtype, source.shape)], lambda: [source.read().to(dtype)])


def _narrowed(name: str, source: Source, precision: Precision) -> Unit:
    """Narrow what sixteen bits hold, as a start in eight bits does with a file that has those."""

    def make() -> list[Tensor]:
        kept = kept_in(source.read().bfloat16(), precision)
        assert isinstance(kept, Float8 | Int8)
        return [kept.rows, kept.scale]

    rows = Planned(name, KINDS[NARROW[precision]], source.shape)
    return Unit([rows, Planned(name + SCALE, torch.float32, source.shape[:1])], make)


def _read(stored: Stored) -> Tensor:
    tensor = torch.empty(stored.shape, dtype=stored.dtype)
    fill([(stored, tensor)])
    return tensor


def _narrow_in(folder: Path, part: str, precision: Precision) -> set[str]:
    """Return the layers of a network that eight bits are for."""
    if precision is Precision.EXACT or part == "vae":
        return set()
    if part == "transformer":
        return set(narrow_matrices(empty_transformer(folder / part)))
    layers = empty_text_encoder(folder / part, whole=True).named_modules()
    return {name for name, module in layers if isinstance(module, nn.Linear)}


def _made_of(place: Place, part: str) -> str:
    """Return what changes when a network's files do."""
    alone = place.checkpoint if part == "transformer" else None
    files = [alone] if alone else weight_files(place.folder / part)
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()


def main() -> None:
    """Convert; print how far it is, one number a line."""
    parser = argparse.ArgumentParser(prog="python -m generator.engine.convert", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target", type=Path)
    parser.add_argument("--precision", type=Precision, choices=list(WRITTEN_IN), default=Precision.EXACT)
    options = parser.parse_args()
    try:
        place = find_place(options.source, lambda _fraction: None)
        convert(place, options.target, _say, options.precision)
    except UnusableModel as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{options.target} cannot be written: {error.strerror}.")


def _say(fraction: float) -> None:
    print(f"{fraction:.3f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
