"""What a card draws in watts, how fast its clock runs and how warm it is meanwhile, asked of its own tool."""

import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shutil import which

import torch

TOOL = "nvidia-smi"
ASKED = ("power.draw", "clocks.sm", "temperature.gpu")
NAMES = ("watts", "megahertz", "degrees")
EVERY = 200  # milliseconds
PATIENCE = 10  # seconds that the tool has to end


@contextmanager
def metered(device: torch.device) -> Iterator[dict[str, float]]:
    """Yield a dict that holds the means once this is over; it stays empty where nobody can be asked."""
    found: dict[str, float] = {}
    command = _command(device) if device.type == "cuda" and which(TOOL) else None
    if command is None:
        yield found
        return
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tool:  # noqa: S603
        try:
            yield found
        finally:
            tool.terminate()
            told, _ = tool.communicate(timeout=PATIENCE)
            found.update(means(told.splitlines()))


def means(lines: Sequence[str]) -> dict[str, float]:
    """Return the mean of each figure; a line that was cut off or says "N/A" is left out."""
    rows = [row for line in lines if (row := _numbers(line))]
    return dict(zip(NAMES, map(statistics.fmean, zip(*rows, strict=True)), strict=True)) if rows else {}


def _numbers(line: str) -> tuple[float, ...]:
    try:
        numbers = tuple(map(float, line.split(",")))
    except ValueError:
        return ()
    return numbers if len(numbers) == len(ASKED) else ()


def _command(device: torch.device) -> list[str] | None:
    """Return how to ask of this very card, whatever number it has here; None where it has no name."""
    name = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    if name is None:
        return None
    how = ["--format=csv,noheader,nounits", f"--loop-ms={EVERY}"]
    return [TOOL, f"--id=GPU-{name}", f"--query-gpu={','.join(ASKED)}", *how]
