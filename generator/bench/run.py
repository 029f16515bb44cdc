"""One run from the gates to the result, phase by phase."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import torch

from generator.bench.arms import ARMS, Arm, why_not
from generator.bench.clock import quantile, ratio
from generator.bench.flags import kept
from generator.bench.floor import Rate, measured_rate
from generator.bench.flops import work
from generator.bench.fresh import ask
from generator.bench.gates import pass_gates
from generator.bench.results import Result, empty_result
from generator.bench.sizes import EMBEDDED, Networks, Size, networks
from generator.bench.solo import Prompts, Timings, batches, draw, solo, warm_up
from generator.bench.table import BASE
from generator.bench.told import told_by_ours, told_by_stock
from generator.bench.traffic import RATES, Kind, kinds, served, waits
from generator.engine.recorded import RUNS_BEFORE
from generator.models import EMBEDDED as EMBEDDED_MODEL

CAPTION = 32  # tokens of the measured prompts, filled up
COUNTS = (1, 2, 4, 8)
SMALL_CARD_GIB = 16.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured, and of which model: `folder` is where a fresh process finds it."""

    steps: int = 8
    visits: int = 5  # there and back, per size and arm
    counts: Sequence[int] = COUNTS
    orders: int = 40  # drawn per arm and load
    sizes: int = 4  # of the model's picture sizes, at most
    folder: str = EMBEDDED_MODEL
    patience: float = 300.0  # seconds that an arm has to compile a shape

    def quick(self) -> "Extent":
        """Return the same with few samples: minutes."""
        return replace(self, visits=1, counts=(1, 2), orders=6, sizes=2, patience=15.0)


class Bench:
    """One run on one device. Made by `prepared`, which builds the arms."""

    def __init__(self, model: Networks, size: Size, extent: Extent, result: Result, say: Say) -> None:
        self.result = result
        self._model, self._size, self._extent, self._say = model, size, extent, say
        self._pictures = size.pictures[: extent.sizes]
        self._arms: dict[str, Arm] = {}

    def build(self, names: Sequence[str]) -> None:
        """Make the arms that the device can run, and pass each through the gates. Raises NotTheSame."""
        for entry in ARMS:
            if entry.name not in names:
                continue
            if why := why_not(entry, self._model.device):
                self.result.skipped[entry.title] = why
                continue
            self._say(f"building {entry.name}")
            with kept():
                self._arms[entry.name] = entry.make(self._model)
            if entry.name != BASE:
                verdict = pass_gates(entry, self._arms[entry.name], self._arms[BASE], self._model)
                self.result.gates.append(asdict(verdict))

    def measure(self) -> None:
        """Fill the result, phase by phase."""
        rate = self._rate()
        self.result.told = [row for picture in self._pictures for row in self._told(picture)]
        for picture in self._pictures:
            self._say(f"one at a time, {_name(picture)}")
            self.result.shapes += self._solo(picture, rate)
        for picture in self._pictures[:2]:
            self._say(f"batches, {_name(picture)}")
            self.result.batches += self._batches(picture)
        self._say("load, one size")
        self.result.waits += self._loads("one size", kinds(self._pictures[1:2]), ways=(False,))
        self._say("load, mixed")
        self.result.waits += self._loads("mixed", kinds(self._pictures), ways=(False, True))
        self.result.levers = {name: arm.levers() for name, arm in self._arms.items()}
        self.result.fresh += self._fresh()

    def _rate(self) -> Rate:
        width, height = self._pictures[-1]
        tokens = (width // 16) * (height // 16) + CAPTION
        rate = measured_rate(
            self._model.device, self._model.dtype, tokens, self._model.transformer.config.dim
        )
        self.result.floor = {"flops_per_second": rate.flops, "source": rate.source}
        return rate

    def _told(self, picture: tuple[int, int]) -> list[dict[str, Any]]:
        counts = {"stock": told_by_stock, "exact": told_by_ours}
        where = {"picture": _name(picture)}
        return [
            where | {"arm": arm} | asdict(count(self._size, *picture, CAPTION))
            for arm, count in counts.items()
        ]

    def _solo(self, picture: tuple[int, int], rate: Rate) -> list[dict[str, Any]]:
        self._warm(picture, 1)
        found = solo(self._arms, self._model.device, picture, self._extent.steps, self._extent.visits)
        flops = work(self._size, *picture, CAPTION, self._extent.steps).all
        base = found[BASE].whole
        return [_row(name, _name(picture), each, base, flops / rate.flops) for name, each in found.items()]

    def _batches(self, picture: tuple[int, int]) -> list[dict[str, Any]]:
        extent = self._extent
        for count in extent.counts:
            self._warm(picture, count)
        rates = batches(self._arms, self._model.device, picture, extent.steps, extent.counts)
        return [{"arm": name, "picture": _name(picture), "per_second": each} for name, each in rates.items()]

    def _warm(self, picture: tuple[int, int], count: int) -> None:
        """Draw, and on a card so often that steps and the reading of texts are recorded."""
        device, steps, prompts = self._model.device, self._extent.steps, Prompts()
        more = RUNS_BEFORE // steps + 1 if device.type == "cuda" else 0
        for arm in self._arms.values():
            warm_up(
                arm, partial(draw, arm, device, picture, steps, prompts(count)), more, self._extent.patience
            )
            for _ in range(more * steps):
                arm.encode(prompts(1))

    def _loads(self, load: str, wanted: Sequence[Kind], ways: Sequence[bool]) -> list[dict[str, Any]]:
        """Return who waits how long, where long orders let short ones by and where they do not."""
        rows, steps = [], self._extent.steps
        for kind in wanted:
            self._warm(kind.size, kind.count)
        for name, arm in self._arms.items():
            drawn = served(arm, self._model.device, wanted, steps, self._extent.orders)
            for rate, letting_by in product(RATES, ways):
                found = waits(drawn, rate, steps, letting_by=letting_by)
                rows += [{"load": load, "arm": name} | asdict(each) for each in found]
        return rows

    def _fresh(self) -> list[dict[str, Any]]:
        """Ask fresh processes; random weights lie in no folder, so a real model's must be named for them."""
        folder, steps = self._extent.folder, self._extent.steps
        if self._size is not EMBEDDED and folder == EMBEDDED_MODEL:
            return []
        picture = self._size.pictures[1]
        self._say("fresh processes")
        found = [{"what": "fresh process"} | ask(folder, picture, steps)]
        if self._model.device.type == "cuda":
            small = {"what": f"as on a card of {SMALL_CARD_GIB:g} GiB"}
            found.append(small | ask(folder, picture, steps, SMALL_CARD_GIB))
        return found


def prepared(size: Size, device: torch.device, extent: Extent, say: Say) -> Bench:
    """Return a bench with its weights on the device."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    result = empty_result(device, dtype, size.name, extent.steps)
    return Bench(networks(size, device, dtype), size, extent, result, say)


def _row(name: str, picture: str, timings: Timings, base: Sequence[float], floor: float) -> dict[str, Any]:
    return {
        "arm": name,
        "picture": picture,
        "stages": {stage: _summary(seconds) for stage, seconds in timings.stages.items()},
        "whole": _summary(timings.whole),
        "to_stock": dict(zip(("middle", "low", "high"), ratio(timings.whole, base), strict=True)),
        "to_floor": statistics.median(timings.whole) / floor,
        "floor_seconds": floor,
    }


def _summary(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50": statistics.median(seconds),
        "min": min(seconds),
        "p95": quantile(seconds, 0.95),
        "samples": len(seconds),
    }


def _name(picture: tuple[int, int]) -> str:
    return f"{picture[0]}×{picture[1]}"
