"""Steps recorded once and played again: a card is told thousands of kernels at a stroke.

A small picture's step takes a card less time than it takes the processor to tell it what to do. A recording
is of one shape and of the memory it was made over: its inputs are copied to where they were then, and the
weights stay where they are. A step that cannot be recorded goes on being told kernel by kernel.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from generator.engine.compiled import Compiled
from generator.memory import Lying, Plan, room_to_record

Step = Callable[..., Tensor]
Play = Callable[[], Tensor]
Record = Callable[[Play], Play]
"""From a step over memory that stays, to what does the same again."""

RUNS_BEFORE = 12  # of a shape: whatever is made at the first runs is there, and rare shapes are not recorded
MOST_KEPT = 16
MOST_COUNTED = 1_000  # shapes
LATENTS = 4  # sides of latents
NEVER = -(10**9)  # runs of a shape that could not be recorded

log = logging.getLogger(__name__)


class Recording:
    """A step over inputs that stay where they are; what it reads besides must stay, too."""

    def __init__(self, step: Step, inputs: Sequence[Tensor], record: Record) -> None:
        self._inputs = [torch.empty_like(each).copy_(each) for each in inputs]
        self._step = step  # with all that it reads: the recording knows only where that lies
        self._play = record(lambda: step(*self._inputs))

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Return what the step makes of these inputs."""
        for mine, given in zip(self._inputs, inputs, strict=True):
            mine.copy_(given)
        return self._play().clone()  # the next playing writes to the same place


class Recorder:
    """Runs steps, and records those whose shape comes often.

    `busy` says that the kernels may soon be others; `room` whether memory suffices for a step's inputs.
    """

    def __init__(
        self,
        new_tape: Callable[[], Record],
        busy: Callable[[], bool] = lambda: False,
        room: Callable[[Sequence[Tensor]], bool] = lambda _inputs: True,
    ) -> None:
        self._new_tape, self._busy, self._room = new_tape, busy, room
        self._tape: Record | None = None
        self._kept: OrderedDict[Any, Recording] = OrderedDict()  # the latest played last
        self._runs: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __call__(self, step: Step, *inputs: Tensor) -> Tensor:
        """Return what the step makes of its inputs. Steps of one shape differ in nothing but these."""
        key = tuple(tuple(each.shape) for each in inputs)
        if key not in self._kept and self._is_time(key, inputs):
            self._keep(key, step, inputs)
        if key not in self._kept:
            return step(*inputs)
        self._kept.move_to_end(key)
        return self._kept[key](*inputs)

    def forget(self) -> bool:
        """Give the memory of all recordings back; return whether there was any."""
        held = bool(self._kept)
        self._kept.clear()
        self._runs.clear()
        self._tape = None  # and with it the memory that they shared
        return held

    def _is_time(self, key: Any, inputs: Sequence[Tensor]) -> bool:
        if len(self._runs) > MOST_COUNTED:
            self._runs.clear()
        if self._busy():
            self._runs.pop(key, None)
            return False
        runs = self._runs[key] = self._runs.get(key, 0) + 1
        return runs > RUNS_BEFORE and self._room(inputs)

    def _keep(self, key: Any, step: Step, inputs: Sequence[Tensor]) -> None:
        try:
            self._tape = self._tape or self._new_tape()
            self._kept[key] = Recording(step, inputs, self._tape)
        except Exception as error:  # noqa: BLE001  whatever a driver says, the step can be run as it is
            self._runs[key] = NEVER
            self._tape = self._tape if self._kept else None
            log.warning("step not recorded", extra={"shapes": key, "reason": str(error)[:200]})
            return
        log.info("step recorded", extra={"shapes": key})
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def recorder_for(device: torch.device, plan: Plan | None, compiled: Compiled | None) -> Recorder | None:
    """Return what records on a device. Only a card gains by it, and weights that are carried do not stay."""
    if device.type != "cuda" or (plan is not None and plan.transformer is Lying.CARRIED):
        return None
    return Recorder(
        lambda: graphs_of(device),
        lambda: compiled is not None and compiled.busy,
        lambda inputs: _has_room(device, inputs[0]),
    )


def graphs_of(device: torch.device) -> Record:
    """Return what records as CUDA graphs. Runs on cards only.

    The graphs share the memory they compute in: they are played one at a time, and what one leaves there is
    copied away at once. Other threads may use the card while one records.
    """
    pool = torch.cuda.graph_pool_handle()
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def record(step: Play) -> Play:
        graph, before = torch.cuda.CUDAGraph(), torch.cuda.current_stream(device)
        try:
            with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
                made = step()
        finally:
            torch.cuda.set_stream(before)  # where recording fails, torch leaves its own

        def again() -> Tensor:
            graph.replay()
            return made

        return again

    return record


def _has_room(device: torch.device, first: Tensor) -> bool:
    """Whether the card can hold a step's memory twice: what the allocator keeps unused counts as free.

    The first input tells how large the step is: latents (n, 16, h / 8, w / 8), or the tokens of a text.
    """
    free, _ = torch.cuda.mem_get_info(device)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    pixels = 64 * first[0, 0].numel() if first.ndim == LATENTS else 0
    return room_to_record(free + unused, len(first), pixels)
