"""``python -m generator.bench``: measure the engine beside the reference, print tables, write JSON."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from generator.bench.arms import ARMS, why_not
from generator.bench.phases import Extent
from generator.bench.results import NotComparable, compare, read_result
from generator.bench.run import prepared
from generator.bench.sizes import SIZES
from generator.bench.table import BASE, show
from generator.engine.load import best_device
from generator.models import EMBEDDED

FILE = Path("pinxit-bench.json")
NO_CARD = (
    "There is no card here, so the embedded model is measured on the processor, by the processor's own "
    "clock: its ratios tell, its seconds say nothing of a card."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 with a sentence on standard error."""
    options = _options(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=140)
    try:
        if options.compare:
            return _compare(options.compare[0], options.compare[1], console)
        return _run(options, console)
    except NotComparable as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


def _run(options: argparse.Namespace, console: Console) -> int:
    device = torch.device(options.device) if options.device else best_device()
    if device.type == "cpu" and options.device is None:
        _say(NO_CARD)
    torch.set_num_threads(options.threads)
    size = SIZES[options.size or ("full" if device.type == "cuda" else "embedded")]
    names = [BASE, *(name for name in options.arms or usual_arms(device, options.quick) if name != BASE)]
    extent = Extent(options.steps, options.visits, orders=options.orders, folder=options.model)
    extent = extent.quick() if options.quick else extent
    if options.minutes is not None:
        extent = replace(extent, seconds=60 * options.minutes)
    bench = prepared(size, device, extent, _say)
    bench.build(names)
    bench.measure(lambda: bench.result.write(options.json))
    show(bench.result, console)
    _say(f"All of it is in {options.json}.")
    return 0 if bench.all_the_same else 1


def usual_arms(device: torch.device, quick: bool) -> list[str]:
    """Return all arms; of two precisions in eight bits a quick run leaves a card that has fp8 the one."""
    names = [entry.name for entry in ARMS]
    fp8 = next(entry for entry in ARMS if entry.name == "fp8")
    if quick and device.type == "cuda" and why_not(fp8, device) is None:
        names.remove("int8")
    return names


def _say(what: str) -> None:
    print(what, file=sys.stderr)  # noqa: T201


def _compare(old: Path, new: Path, console: Console) -> int:
    for arm, picture, before, after in compare(read_result(old), read_result(new)):
        then = f"then {1000 * after:.1f} ms (× {after / before:.2f})"
        console.print(f"{picture} {arm}: {1000 * before:.1f} ms, {then}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m generator.bench", description=__doc__)
    names = [entry.name for entry in ARMS]
    parser.add_argument("--size", choices=SIZES, help="which model; full on a card, embedded on a processor")
    parser.add_argument("--arms", nargs="+", choices=names, help="what to compare")
    parser.add_argument("--device", help="such as cuda or cpu")
    parser.add_argument("--threads", type=int, default=1, help="threads that compute, on a processor")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--visits", type=int, default=10, help="there and back, per picture size")
    parser.add_argument("--orders", type=int, default=40, help="drawn per arm and load")
    parser.add_argument("--quick", action="store_true", help="few sizes, few samples: minutes")
    parser.add_argument("--minutes", type=float, help="begin nothing more after so many; the rest is told")
    parser.add_argument("--model", default=EMBEDDED, help="folder or Hub id, for start and memory")
    parser.add_argument("--json", type=Path, default=FILE, help="a file for everything, written as it goes")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("OLD", "NEW"), help="two written files")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
