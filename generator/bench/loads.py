"""What reading a model's files takes, beside the reference: ``python -m generator.bench.loads --folder DIR``.

Networks of the published size with random numbers are written to the folder, as the published files lie:
the transformer in 32 bits in several files, the text encoder in sixteen. Fresh processes then read them into
sixteen bits on the processor, ours and the reference by turns, and the transformer is converted. What a run
wrote it removes; `--json` keeps the figures.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from generator.bench.fresh import read_through
from generator.bench.loras import keep
from generator.bench.read_once import Peak
from generator.bench.sizes import FULL, TINY, Size, skeleton
from generator.embedded import WEIGHTS
from generator.engine.writing import Planned, Unit, write
from generator.weights import weight_files

GB = 1e9
SHARD = 10 * GB  # as the published files are cut
NAMES = {"transformer": "diffusion_pytorch_model", "text_encoder": "model", "vae": "diffusion_pytorch_model"}
ARMS = ("ours", "stock")
SIZES = {size.name: size for size in (TINY, FULL)}


def write_random(folder: Path, part: str, size: Size, dtype: torch.dtype) -> None:
    """Write a network of random numbers, in as many files as the published one would have."""
    made = skeleton(part, size)
    folder.mkdir(parents=True)
    made.save_config(folder) if part != "text_encoder" else made.config.save_pretrained(folder)
    row = 0.02 * torch.randn(1 << 22, generator=torch.Generator().manual_seed(1))
    planned = [Planned(name, dtype, tuple(each.shape)) for name, each in made.named_parameters()]
    shards = list(_shards(planned))
    where: dict[str, str] = {}
    for number, shard in enumerate(shards, 1):
        name = f"{NAMES[part]}-{number:05}-of-{len(shards):05}.safetensors"
        units = [Unit([each], partial(_numbers, row, each)) for each in shard]
        write(folder / name, units, "random", lambda _count: None)
        where |= {each.name: name for each in shard}
    index = {"metadata": {"total_size": sum(each.bytes for each in planned)}, "weight_map": where}
    (folder / f"{NAMES[part]}.safetensors.index.json").write_text(json.dumps(index))


def _shards(planned: Iterable[Planned]) -> Iterator[list[Planned]]:
    shard: list[Planned] = []
    for each in planned:
        if shard and sum(one.bytes for one in shard) + each.bytes > SHARD:
            yield shard
            shard = []
        shard.append(each)
    yield shard


def _numbers(row: Tensor, planned: Planned) -> list[Tensor]:
    count = int(torch.Size(planned.shape).numel())
    return [row.repeat(-(-count // len(row)))[:count].view(planned.shape).to(planned.dtype)]


def measured(part: str, folder: Path, rounds: int) -> dict[str, float]:
    """Read a network in fresh processes, in the order A B B A, and return figures."""
    found: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    for number in range(rounds):
        for arm in ARMS if number % 2 == 0 else ARMS[::-1]:
            read_through(folder)
            found[arm].append(_asked(arm, part, folder))
    size = sum(file.stat().st_size for file in weight_files(folder)) / GB
    figures = {f"{part}, GB of files": size}
    for arm, runs in found.items():
        best = min(runs, key=lambda run: run["seconds"])
        figures[f"{part}, {arm}, seconds"] = best["seconds"]
        figures[f"{part}, {arm}, GB of files a second"] = size / best["seconds"]
        figures[f"{part}, {arm}, with imports, seconds"] = best["seconds"] + best["import"]
        figures[f"{part}, {arm}, memory over weights"] = max(run["memory over weights"] for run in runs)
    ours, stock = (figures[f"{part}, {arm}, with imports, seconds"] for arm in ARMS)
    return figures | {f"{part}, ours over stock, with imports": ours / stock}


def _asked(arm: str, part: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "generator.bench.read_once", arm, part, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  ourselves
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def converted(model: Path, target: Path) -> dict[str, float]:
    """Convert a model, and return what that took."""
    size = sum(file.stat().st_size for file in weight_files(model / "transformer")) / GB
    command = [sys.executable, "-m", "generator.engine.convert", str(model), str(target)]
    began = time.perf_counter()
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as process,  # noqa: S603  ourselves
        Peak(process.pid) as peak,
    ):
        if process.wait():
            raise RuntimeError("Converting failed.")
    taken = time.perf_counter() - began
    return {
        "convert, seconds": taken,
        "convert, GB read a second": size / taken,
        "convert, memory at its most, GiB": peak.most / 1024,
    }


def run(folder: Path, size: Size, rounds: int) -> dict[str, float]:
    """Measure all, and remove what was written. The folder must not be there."""
    model, figures = folder / "model", dict[str, float]()
    try:
        write_random(folder / "text_encoder", "text_encoder", size, torch.bfloat16)
        figures |= measured("text_encoder", folder / "text_encoder", rounds)
        shutil.rmtree(folder / "text_encoder")
        shutil.copytree(WEIGHTS, model)
        shutil.rmtree(model / "transformer")
        write_random(model / "transformer", "transformer", size, torch.float32)
        wide = measured("transformer", model / "transformer", 1)
        figures |= {f"in 32 bits: {name}": figure for name, figure in wide.items()}
        figures |= converted(model, folder / "converted")
        shutil.rmtree(model)
        figures |= measured("transformer", folder / "converted" / "transformer", rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m generator.bench.loads", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="a new one, with 40 GB of room")
    parser.add_argument("--size", choices=SIZES, default=FULL.name)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True)
    figures = run(options.folder, SIZES[options.size], options.rounds)
    keep(options.json, options.size, options.rounds, figures)


if __name__ == "__main__":
    main()
