"""A process of its own for what a used one cannot tell: seconds to the first picture, and memory at its peak.

``python -m generator.bench.fresh`` prints one line of JSON, of the engine or of the reference's pipeline.
Where a folder keeps what was compiled, it draws on until all is, and says when that was and what a picture
takes then. Peaks of a card are its allocator's; a limit stands for a smaller card.
"""

import argparse
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.checkpoint import find_place
from generator.choices import Choices, Compiling
from generator.machine import resident_mib
from generator.weights import NETWORKS, weight_files

GIB = 2**30
PROMPT = "a red circle"
MOST_SECONDS = 600.0  # for compiling
TURNS = ("ours", "stock", "stock", "ours")


def ask(model: str, size: tuple[int, int], steps: int, **how: object) -> dict[str, Any]:
    """Return what a fresh process found; {"error": sentence} where it could not draw.

    `how` are the options `limit_gib`, `compiled` and `arm`.
    """
    command = [sys.executable, "-m", "generator.bench.fresh", model, *map(str, size), str(steps)]
    for name, value in how.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  ourselves
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"error": (done.stderr.strip().splitlines() or ["no answer"])[-1][:300]}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def read_through(folder: Path) -> None:
    """Have the system keep the files of a part in memory, as far as they fit there."""
    for file in weight_files(folder):
        with file.open("rb", buffering=0) as opened:
            while opened.read(8 << 20):
                pass


def starts(
    model: str, size: tuple[int, int], steps: int, turns: Sequence[str] = TURNS, kept: Path | None = None
) -> list[dict[str, Any]]:
    """Start the engine and the reference by turns, the files in the system's memory; return the better ones.

    With a folder to keep them in, also with nothing compiled yet, and with what that start compiled.
    """
    folder = find_place(model, lambda _fraction: None).folder
    for part in NETWORKS:
        read_through(folder / part)
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "stock": []}
    for arm in turns:
        found[arm].append(ask(model if arm == "ours" else str(folder), size, steps, arm=arm))
    ours, stock = (min(runs, key=_whole) for runs in found.values())
    if "seconds" in ours and "seconds" in stock:
        ours["to_stock"] = ours["seconds"]["whole"] / stock["seconds"]["whole"]
    rows = [{"what": "fresh process"} | ours, {"what": "fresh process, ZImagePipeline"} | stock]
    if kept is not None:
        states = ("nothing compiled yet", "compiled before")
        rows += [
            {"what": f"fresh process, {each}"} | ask(model, size, steps, compiled=kept) for each in states
        ]
    return rows


def _whole(answer: Mapping[str, Any]) -> float:
    return float(answer["seconds"]["whole"]) if "seconds" in answer else float("inf")


# ── within the process ────────────────────────────────────────────────────────────────────────────


def main() -> None:
    """Load a model, draw one picture, and say what that took."""
    options = _options()
    seconds = (_ours if options.arm == "ours" else _stock)(options)
    print(json.dumps({"seconds": seconds, "peaks": peaks()}))  # noqa: T201


def _ours(options: argparse.Namespace) -> dict[str, float]:
    began = time.perf_counter()
    from generator.engine.painter import load_painter  # noqa: PLC0415  its seconds are measured, too
    from generator.loras import Shelf  # noqa: PLC0415

    imported = time.perf_counter()
    _limit(options.limit_gib)
    choices = Choices(compiling=Compiling.ON, kept=options.compiled) if options.compiled else Choices()
    place = find_place(options.model, lambda _fraction: None)
    painter = load_painter(options.model, place, 1, lambda _fraction: None, Shelf(), choices=choices)
    loaded = time.perf_counter()
    _draw(painter, options)
    seconds = _seconds(began, imported, loaded)
    return seconds | (_until_compiled(painter, options, began) if options.compiled else {})


def _stock(options: argparse.Namespace) -> dict[str, float]:
    """Do what the reference's documentation says."""
    began = time.perf_counter()
    import torch  # noqa: PLC0415
    from diffusers import ZImagePipeline  # noqa: PLC0415

    imported = time.perf_counter()
    torch.set_num_threads(1)
    device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
    pipeline = ZImagePipeline.from_pretrained(options.model, dtype=dtype, local_files_only=True).to(device)
    pipeline.set_progress_bar_config(disable=True)
    loaded = time.perf_counter()
    picture = pipeline(
        PROMPT,
        width=options.width,
        height=options.height,
        num_inference_steps=options.steps,
        guidance_scale=0.0,
        generator=torch.Generator().manual_seed(1),
    ).images[0]
    picture.save(io.BytesIO(), "png")
    return _seconds(began, imported, loaded)


def _seconds(began: float, imported: float, loaded: float) -> dict[str, float]:
    now = time.perf_counter()
    return {
        "import": imported - began,
        "load": loaded - imported,
        "first picture": now - loaded,
        "whole": now - began,
    }


def _until_compiled(painter: Any, options: argparse.Namespace, began: float) -> dict[str, float]:
    busy: Callable[[], bool] = lambda: painter._compiled.busy  # noqa: E731, SLF001  the very thing measured
    while busy() and time.perf_counter() - began < MOST_SECONDS:
        _draw(painter, options)
    compiled = time.perf_counter()
    _draw(painter, options)
    return {"until compiled": compiled - began, "a picture then": time.perf_counter() - compiled}


def peaks() -> dict[str, float]:
    """Return this process's memory at its most, in GiB."""
    import torch  # noqa: PLC0415

    found = {"process": resident_mib(most=True) / 1024}
    if torch.cuda.is_available():
        found["card, allocated"] = torch.cuda.max_memory_allocated() / GIB
        found["card, reserved"] = torch.cuda.max_memory_reserved() / GIB
    return found


def _limit(gib: float | None) -> None:
    """Let the allocator have no more than a smaller card would; a processor has no such limit."""
    import torch  # noqa: PLC0415

    if gib is not None and torch.cuda.is_available():
        whole = torch.cuda.get_device_properties(0).total_memory / GIB
        torch.cuda.set_per_process_memory_fraction(min(1.0, gib / whole))


def _draw(painter: Any, options: argparse.Namespace) -> None:
    from generator.messages import Event, Failed, Finished, Generate, Order  # noqa: PLC0415
    from generator.recipe import Recipe  # noqa: PLC0415

    recipe = Recipe(
        prompt=PROMPT,
        model=painter.model,
        width=options.width,
        height=options.height,
        steps=options.steps,
        seed=1,
    )
    ended: list[Event] = []
    painter.draw(Generate(orders=(Order(id="1", recipe=recipe),)), ended.append, lambda: False)
    if any(isinstance(event, Failed) for event in ended):
        sys.exit("It could not be drawn: there is too little memory.")
    while not any(isinstance(event, Finished) for event in ended):
        time.sleep(0.001)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m generator.bench.fresh", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    parser.add_argument("steps", type=int)
    parser.add_argument("--limit-gib", type=float)
    parser.add_argument("--compiled", type=Path, help="folder that keeps what was compiled")
    parser.add_argument("--arm", choices=("ours", "stock"), default="ours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
