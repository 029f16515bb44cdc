"""What makes a model's drawing quicker without changing what it draws: chosen once for a device."""

from dataclasses import dataclass

import torch

from generator.choices import Choices
from generator.engine.attention import OWN, Kernel, kernel_for
from generator.engine.compiled import Compiled, compiled_for
from generator.engine.recorded import Recorder, recorder_for
from generator.memory import Plan


@dataclass(frozen=True, slots=True)
class Levers:
    """Those that are on. None of them: everything is told to the device as it is written."""

    attention: Kernel = OWN
    compiled: Compiled | None = None
    recorder: Recorder | None = None

    @property
    def warming(self) -> bool:
        """Whether a shape that was asked for will soon be drawn quicker."""
        return self.compiled is not None and self.compiled.busy

    def report(self) -> dict[str, str]:
        """Return what is on, in words."""
        ready, asked = self.compiled.shapes if self.compiled else (0, 0)
        return {
            "attention": self.attention.name,
            "compiled": "off" if self.compiled is None else f"{ready} of {asked} shapes",
            "recorded": "off" if self.recorder is None else f"{len(self.recorder)} steps",
        }


NONE = Levers()


def levers_for(device: torch.device, head: int, choices: Choices, plan: Plan | None) -> Levers:
    """Return what a device gains by; `head` is how many channels the transformer's heads have."""
    compiled = compiled_for(device, choices)
    return Levers(kernel_for(device, head), compiled, recorder_for(device, plan, compiled))


def head_of(transformer: object) -> int:
    """Return the channels of a reference transformer's heads."""
    config = transformer.config  # type: ignore[attr-defined]
    return int(config.dim // config.n_heads)
