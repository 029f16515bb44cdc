"""A process of its own for what a used one cannot tell: seconds to the first picture, and memory at its peak.

``python -m generator.bench.fresh`` prints one line of JSON. Peaks of a card are its allocator's; a limit
stands for a smaller card.
"""

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from generator.machine import resident_mib

GIB = 2**30


def ask(model: str, size: tuple[int, int], steps: int, limit_gib: float | None = None) -> dict[str, Any]:
    """Return what a fresh process found; {"error": sentence} where it could not draw."""
    command = [sys.executable, "-m", "generator.bench.fresh", model, *map(str, size), str(steps)]
    command += ["--limit-gib", str(limit_gib)] if limit_gib else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  ourselves
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"error": (done.stderr.strip().splitlines() or ["no answer"])[-1][:300]}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def main() -> None:
    """Load a model, draw one picture, and say what that took."""
    began = time.perf_counter()
    options = _options()
    from generator.checkpoint import find_place  # noqa: PLC0415
    from generator.engine.painter import load_painter  # noqa: PLC0415  its seconds are measured, too
    from generator.loras import Shelf  # noqa: PLC0415

    imported = time.perf_counter()
    _limit(options.limit_gib)
    place = find_place(options.model, lambda _fraction: None)
    painter = load_painter(options.model, place, 1, lambda _fraction: None, Shelf())
    loaded = time.perf_counter()
    _draw(painter, options)
    ready = time.perf_counter()
    seconds = {"import": imported - began, "load": loaded - imported, "first picture": ready - loaded}
    print(json.dumps({"seconds": seconds | {"whole": ready - began}, "peaks": peaks()}))  # noqa: T201


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
        prompt="a red circle",
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
    return parser.parse_args()


if __name__ == "__main__":
    main()
