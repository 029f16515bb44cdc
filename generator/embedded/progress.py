"""The training log and the checkpoints: what was measured, and where to go on."""

import json
import time
from pathlib import Path
from typing import Any

import torch


class Log:
    """One JSON object a line, appended."""

    def __init__(self, folder: Path, stage: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "training.jsonl"
        self._stage = stage
        self._begun = time.monotonic()

    def write(self, **figures: float | str) -> None:
        """Add a line; floats are rounded to four digits."""
        rounded = {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in figures.items()
        }
        seconds = round(time.monotonic() - self._begun, 1)
        line = json.dumps({"stage": self._stage, **rounded, "seconds": seconds})
        with self._path.open("a") as file:
            file.write(line + "\n")
        print(line, flush=True)


def save_checkpoint(path: Path, **parts: Any) -> None:
    """Write beside, then rename: an interrupted save leaves the last one whole."""
    fresh = path.with_suffix(".new")
    torch.save(parts, fresh)
    fresh.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The parts that were saved, or nothing: plain tensors and numbers only."""
    if not path.exists():
        return None
    loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return loaded


class Average:
    """A running mean of a network's weights, smoother than the weights themselves."""

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: value.clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def follow(self, network: torch.nn.Module, step: int) -> None:
        """Move a little towards the network; faster at first, when there is little to remember."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            self.weights[name].lerp_(value, 1 - decay)
