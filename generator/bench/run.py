"""One run from the gates to the result."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import torch

from generator.bench import targets
from generator.bench.arms import ARMS, Arm, Entry, why_not
from generator.bench.flags import kept
from generator.bench.gates import MOST_DECIBELS, Gate, NotTheSame
from generator.bench.phases import Extent, Phases, broke
from generator.bench.results import Result, empty_result
from generator.bench.sizes import FULL, Networks, Size, networks
from generator.bench.table import BASE

Say = Callable[[str], None]


class Bench:
    """One run on one device. Made by `prepared`, which builds the arms."""

    def __init__(self, model: Networks, size: Size, extent: Extent, result: Result, say: Say) -> None:
        self.result = result
        self.all_the_same = True  # no arm was caught drawing something else
        self._model, self._size, self._extent, self._say = model, size, extent, say
        self._arms: dict[str, Arm] = {}
        self._phases = Phases(model, size, extent, self._arms, result)
        self._began = time.monotonic()

    def build(self, names: Sequence[str]) -> None:
        """Make the arms that the device can run and that pass the gates; the reference must be one."""
        for entry in ARMS:
            if entry.name not in names:
                continue
            why = why_not(entry, self._model.device) or self._built(entry)
            if why:
                self._arms.pop(entry.name, None)
                self.result.skipped[entry.title] = why.rstrip(".")

    def measure(self, written: Callable[[], None] = lambda: None) -> None:
        """Fill the result, phase by phase; `written` keeps what is there after each."""
        for name, measure in self._phases.in_order():
            began = time.monotonic()
            if began - self._began > self._extent.seconds:
                self.result.skipped[name] = "no time was left for it"
                continue
            self._say(name)
            self._phases.tried(name, "this phase", measure)
            self.result.phases[name] = time.monotonic() - began
            self.result.levers = {arm: each.levers() for arm, each in self._arms.items()}
            self.result.targets = targets.told(self.result) if self._size is FULL else []
            written()

    def _built(self, entry: Entry) -> str | None:
        """Make an arm; return a sentence where it is none that can be measured."""
        self._say(f"building {entry.name}")
        began = time.monotonic()
        try:
            with kept():
                self._arms[entry.name] = entry.make(self._model)
            if entry.name != BASE:
                self._pass(entry)
        except NotTheSame as error:
            self.all_the_same = False
            return str(error)
        except Exception as error:
            if entry.name == BASE:
                raise
            return broke(error)
        self.result.phases[f"building {entry.name}"] = time.monotonic() - began
        return None

    def _pass(self, entry: Entry) -> None:
        gate = Gate(self._arms[BASE], self._model, self._phases.usual)
        rounding = [each["decibels"] for each in self.result.gates if each["arm"] == "compiled"]
        verdict = gate.passed(entry, self._arms[entry.name], *(rounding or [MOST_DECIBELS]))
        self.result.gates.append(asdict(verdict))


def prepared(size: Size, device: torch.device, extent: Extent, say: Say) -> Bench:
    """Return a bench with its weights on the device."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    result = empty_result(device, dtype, size.name, extent.steps)
    return Bench(networks(size, device, dtype), size, extent, result, say)
