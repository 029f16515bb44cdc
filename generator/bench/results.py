"""The result of a run: what was measured where, as JSON; results of different cards are not compared."""

import importlib.metadata
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

VERSIONS = ("torch", "diffusers", "transformers", "safetensors", "pillow")


class NotComparable(Exception):
    """Two results come from different devices; ``str(error)`` says from which."""


@dataclass(slots=True)
class Result:
    """One run, with a row per arm and picture size in `shapes`.

    `told` says what a step tells a card kernel by kernel, `levers` what made an arm quick, `skipped` in a
    sentence why one was not run, `phases` how many seconds each part of the run took. `waits` and the
    `most` orders follow from what was drawn, which `served` sums up.
    """

    device: str
    size: str
    dtype: str
    command: str
    steps: int
    when: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    versions: dict[str, str] = field(default_factory=lambda: {name: _version(name) for name in VERSIONS})
    machine: dict[str, Any] = field(default_factory=dict)
    floor: dict[str, Any] = field(default_factory=dict)
    gates: list[dict[str, Any]] = field(default_factory=list)
    levers: dict[str, dict[str, str]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    roofline: list[dict[str, Any]] = field(default_factory=list)
    attending: dict[str, list[str]] = field(default_factory=dict)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    batches: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    attended: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    served: list[dict[str, Any]] = field(default_factory=list)
    most: list[dict[str, Any]] = field(default_factory=list)
    waits: list[dict[str, Any]] = field(default_factory=list)
    fresh: list[dict[str, Any]] = field(default_factory=list)
    targets: list[dict[str, Any]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def empty_result(device: torch.device, dtype: torch.dtype, size: str, steps: int) -> Result:
    """Return a result that says where it is measured, and has no figures yet."""
    return Result(
        device=device_name(device),
        size=size,
        dtype=str(dtype).removeprefix("torch."),
        command="python -m generator.bench " + " ".join(sys.argv[1:]),
        steps=steps,
        machine=_machine(device),
    )


def device_name(device: torch.device) -> str:
    """Return what the device calls itself."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_properties(device).name)
    return f"CPU {_processor()}"


def read_result(path: Path) -> dict[str, Any]:
    """Return a written result."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, float, float]]:
    """Return (arm, picture, old seconds, new seconds) of what both have. Raises NotComparable."""
    for what in ("device", "size", "dtype", "steps"):
        if old[what] != new[what]:
            raise NotComparable(
                f"These results cannot be compared: one is of {what} {old[what]}, the other of {new[what]}."
            )
    before = {(row["arm"], row["picture"]): row["whole"]["p50"] for row in old["shapes"]}
    return [
        (row["arm"], row["picture"], before[key], row["whole"]["p50"])
        for row in new["shapes"]
        if (key := (row["arm"], row["picture"])) in before
    ]


def _version(package: str) -> str:
    return importlib.metadata.metadata(package)["Version"]


def _machine(device: torch.device) -> dict[str, Any]:
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        found |= {
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
            "memory_gib": card.total_memory / 2**30,
            "capability": [card.major, card.minor],
        }
    return found


def _processor() -> str:
    """Return the processor's name as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
