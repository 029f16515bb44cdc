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
    if device.type != "cuda" or which(TOOL) is None:
        yield found
        return
    with subprocess.Popen(_command(device), stdout=subprocess.PIPE, text=True) as tool:  # noqa: S603
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


def _command(device: torch.device) -> list[str]:
    card = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    return [
        TOOL,
        f"--id={card}",
        f"--query-gpu={','.join(ASKED)}",
        "--format=csv,noheader,nounits",
        f"--loop-ms={EVERY}",
    ]
