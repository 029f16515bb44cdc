"""The noise levels that a picture goes through: those of the reference, `FlowMatchEulerDiscreteScheduler`."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """How a model was trained to be shown noise; the reference's usual way where a file does not say."""

    num_train_timesteps: int = 1000
    use_dynamic_shifting: bool = False
    base_shift: float = 0.5
    max_shift: float = 1.15
    base_image_seq_len: int = 256
    max_image_seq_len: int = 4096
    time_shift_type: str = "exponential"
    shift_terminal: float | None = None
    invert_sigmas: bool = False
    use_karras_sigmas: bool = False
    use_exponential_sigmas: bool = False
    use_beta_sigmas: bool = False

    def __post_init__(self) -> None:
        other = self.use_karras_sigmas or self.use_exponential_sigmas or self.use_beta_sigmas
        if other or self.invert_sigmas or self.time_shift_type not in {"exponential", "linear"}:
            raise ValueError("Only schedules of a flow's own noise levels are drawn with.")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Noise levels from 1 down to 0, one more than steps, and the times the transformer is told."""

    sigmas: Tensor  # (steps + 1)
    times: Tensor  # (steps)

    def last(self, steps: int) -> "Schedule":
        """Return the schedule's end, so many steps."""
        first = len(self.times) - steps
        return Schedule(self.sigmas[first:], self.times[first:])


def schedule(config: ScheduleConfig, steps: int, shift: float, tokens: int) -> Schedule:
    """Return the schedule for a number of steps, a time shift and image tokens."""
    sigmas: Any = np.array(torch.linspace(1.0, 1 / steps, steps).tolist()).astype(np.float32)
    if config.use_dynamic_shifting:
        lift = _lift(config, tokens)
        lift = math.exp(lift) if config.time_shift_type == "exponential" else lift
        sigmas = lift / (lift + 1 / sigmas - 1)
    else:
        sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)
    if config.shift_terminal:
        rest = 1 - sigmas
        sigmas = 1 - rest / (rest[-1] / (1 - config.shift_terminal))
    levels = torch.from_numpy(sigmas).float()
    trained = config.num_train_timesteps
    return Schedule(torch.cat([levels, torch.zeros(1)]), (1000 - levels * trained) / 1000)


def _lift(config: ScheduleConfig, tokens: int) -> float:
    """Return the shift that is right for so many tokens."""
    lengths = config.max_image_seq_len - config.base_image_seq_len
    slope = (config.max_shift - config.base_shift) / lengths
    return tokens * slope + (config.base_shift - slope * config.base_image_seq_len)
