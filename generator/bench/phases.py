"""The parts of a run, one for each question that it answers."""

import gc
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from generator.bench import files
from generator.bench.arms import ARMS, Arm, Ours, can_compile
from generator.bench.attended import Seat, attended
from generator.bench.clock import summary
from generator.bench.floor import Rate, measured_rate
from generator.bench.flops import work
from generator.bench.folder import laid_down
from generator.bench.fresh import TURNS, ask, starts
from generator.bench.meter import metered
from generator.bench.pictures import photograph
from generator.bench.results import Result
from generator.bench.roofline import moving, speeds
from generator.bench.seen import attending
from generator.bench.sizes import EMBEDDED, Networks, Size
from generator.bench.solo import LENGTHS, Prompts, batch, draw, read_text, solo, warm_up
from generator.bench.table import BASE
from generator.bench.told import told_by_ours, told_by_stock
from generator.bench.traffic import MIX, RATES, Kind, kinds, most, served, waits
from generator.engine.recorded import RUNS_BEFORE
from generator.messages import PictureFormat
from generator.models import EMBEDDED as EMBEDDED_MODEL

CAPTION = 32  # tokens of the measured prompts, filled up
COUNTS = (1, 2, 4, 8)
SMALL_CARD_GIB = 16.0
QUICK_SECONDS = 200.0  # the longest part takes half a minute more

Picture = tuple[int, int]
Phase = tuple[str, Callable[[], None]]
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured, and of which model: `folder` is where a fresh process finds it."""

    steps: int = 8
    visits: int = 10  # there and back, per size and arm
    counts: Sequence[int] = COUNTS
    orders: int = 40  # drawn per arm and load
    sizes: int = 4  # of the model's picture sizes, at most
    folder: str = EMBEDDED_MODEL
    patience: float = 300.0  # seconds that an arm has to compile a shape
    seconds: float = float("inf")  # after which no phase is begun
    compiles_all: bool = True  # of arms that compile while they are waited for: every shape, not one alone
    lays_down: bool = True  # random weights are written to a folder for fresh processes: 20 GB

    def quick(self) -> "Extent":
        """Return the same with few samples: minutes."""
        return replace(
            self,
            visits=min(self.visits, 2),
            counts=(1, 4),
            orders=min(self.orders, 4),
            sizes=2,
            patience=15.0,
            seconds=QUICK_SECONDS,
            compiles_all=False,
            lays_down=False,
        )


class Phases:
    """Measures `arms` part by part and fills `result`. The arms must have passed their gates."""

    def __init__(
        self, model: Networks, size: Size, extent: Extent, arms: Mapping[str, Arm], result: Result
    ) -> None:
        self.pictures = size.pictures[: extent.sizes]
        self._model, self._size, self._extent = model, size, extent
        self._arms, self._result = arms, result

    @property
    def usual(self) -> Picture:
        """The size that all is measured at."""
        return self.pictures[1]

    def in_order(self) -> Iterator[Phase]:
        """Yield what is measured, the most telling first."""
        rate, usual = self._rate(), self.usual
        yield f"one at a time, {_name(usual)}", partial(self._solo, usual, rate)
        yield f"whoever waits, {_name(usual)}", partial(self._attended, usual)
        yield "files", partial(self._files, usual)
        yield "texts", self._texts
        for picture in (each for each in self.pictures if each != usual):
            yield f"one at a time, {_name(picture)}", partial(self._solo, picture, rate)
        yield "load, one size", partial(self._loads, "one size", kinds([usual]), (False,))
        yield "what a step tells", self._told
        yield "who attends", partial(self._attending, usual)
        yield "fresh processes", self._fresh
        for picture in self.pictures[:2]:
            yield f"batches, {_name(picture)}", partial(self._batches, picture)
        yield "what steps are made of", self._roofline
        if len(self.pictures) >= len(MIX):
            yield "load, mixed", partial(self._loads, "mixed", kinds(self.pictures), (False, True))

    def _rate(self) -> Rate:
        width, height = self.pictures[-1]
        tokens = (width // 16) * (height // 16) + CAPTION
        rate = measured_rate(
            self._model.device, self._model.dtype, tokens, self._model.transformer.config.dim
        )
        self._result.floor = {"flops_per_second": rate.flops, "source": rate.source}
        return rate

    def _solo(self, picture: Picture, rate: Rate) -> None:
        device, extent = self._model.device, self._extent
        arms = self._warm(picture, 1)
        with metered(device) as card:
            found = solo(arms, device, picture, extent.steps, extent.visits)
        floor = work(self._size, *picture, CAPTION, extent.steps).all / rate.flops
        for name, each in found.items():
            row = {"arm": name, "picture": _name(picture)} | each.told(found[BASE], floor)
            self._result.shapes.append(row)
        if card:
            self._result.machine.setdefault("while drawing", {})[_name(picture)] = card

    def _told(self) -> None:
        counts = {"stock": told_by_stock, "exact": told_by_ours}
        for picture, (arm, count) in itertools.product(self.pictures, counts.items()):
            row = asdict(count(self._size, *picture, CAPTION))
            self._result.told.append({"picture": _name(picture), "arm": arm} | row)

    def _attending(self, picture: Picture) -> None:
        device = self._model.device
        for name, arm in self._arms.items():
            one = partial(draw, arm, device, picture, 1, Prompts()(1))
            self._result.attending[name] = (
                self.tried(name, "who attends", partial(attending, device, one)) or []
            )

    def _roofline(self) -> None:
        model = self._model
        found = [moving(model.device)]
        for width, height in self.pictures[1:]:
            tokens = (width // 16) * (height // 16) + CAPTION
            found += speeds(model.device, model.dtype, model.transformer.config, tokens)
        self._result.roofline = [asdict(each) for each in found]

    def _attended(self, picture: Picture) -> None:
        for name, arm in self._arms.items():
            if isinstance(arm, Ours):
                self.tried(name, "whoever waits", partial(self._attended_one, name, arm, picture))

    def _attended_one(self, name: str, arm: Ours, picture: Picture) -> None:
        seat = Seat(arm.painter, arm.net, self._model.device, picture, self._extent.steps)
        attended(seat, 1)
        with metered(self._model.device) as card:
            found = attended(seat, self._extent.visits)
        seconds = {what: summary(values) if values else None for what, values in asdict(found).items()}
        self._result.attended.append({"arm": name, "picture": _name(picture), **seconds, "card": card})

    def _files(self, picture: Picture) -> None:
        """Write a photograph in each format, as the product does and as Pillow does by itself."""
        whole = photograph(max(picture)).crop((0, 0, *picture))
        for each in PictureFormat:
            found = files.written(whole, each, 2 * self._extent.visits)
            pillows = {"pillow_wait": found.pillows.wait, "pillow_bytes": found.pillows.bytes}
            self._result.files.append({"format": each.value} | asdict(found.ours) | pillows)

    def _texts(self) -> None:
        for (name, arm), tokens in itertools.product(self._arms.items(), LENGTHS):
            read = partial(read_text, arm, self._model.device, tokens)
            self.tried(name, f"texts of {tokens}", partial(read, max(1, self._runs() * self._extent.steps)))
            seconds = self.tried(name, f"texts of {tokens}", partial(read, self._extent.visits))
            self._result.texts.append({"arm": name, "tokens": tokens, "seconds": seconds})

    def _batches(self, picture: Picture) -> None:
        """Measure several at a time; of one at a time it is known."""
        extent, shown = self._extent, _name(picture)
        alone = {row["arm"]: row["whole"]["p50"] for row in self._result.shapes if row["picture"] == shown}
        rates = {name: {1: 1 / seconds} for name, seconds in alone.items()}
        for count in (each for each in extent.counts if each > 1):
            arms = self._warm(picture, count)
            for name, rate in batch(arms, self._model.device, picture, extent.steps, count).items():
                rates.setdefault(name, {})[count] = rate
        self._result.batches += [
            {"arm": name, "picture": shown, "per_second": each} for name, each in rates.items()
        ]

    def _able(self, picture: Picture, count: int) -> Mapping[str, Arm]:
        """Return the arms for which there is time to compile a shape."""
        if self._extent.compiles_all or (picture == self.usual and count == 1):
            return self._arms
        compiling = {entry.name for entry in ARMS if entry.compiles}
        return {name: arm for name, arm in self._arms.items() if name not in compiling}

    def _warm(self, picture: Picture, count: int) -> dict[str, Arm]:
        """Draw, and on a card so often that steps and the reading of texts are recorded.

        Return the arms that could: not every one can draw any size, or so many at a time.
        """
        what = f"{count} of {_name(picture)}"
        return {
            name: arm
            for name, arm in self._able(picture, count).items()
            if self.tried(name, what, partial(self._warm_one, arm, picture, count))
        }

    def _warm_one(self, arm: Arm, picture: Picture, count: int) -> bool:
        device, steps, prompts = self._model.device, self._extent.steps, Prompts()
        warm_up(
            arm,
            partial(draw, arm, device, picture, steps, prompts(count)),
            self._runs(),
            self._extent.patience,
        )
        for _ in range(self._runs() * steps):
            arm.encode(prompts(1))
        return True

    def _runs(self) -> int:
        """How many pictures it takes until a card's steps are recorded."""
        return RUNS_BEFORE // self._extent.steps + 1 if self._model.device.type == "cuda" else 0

    def _loads(self, load: str, wanted: Sequence[Kind], ways: Sequence[bool]) -> None:
        """Measure who waits how long, where long orders let short ones by and where they do not."""
        extent, warm = self._extent, [self._warm(kind.size, kind.count) for kind in wanted]
        for name, arm in self._arms.items():
            if not all(name in arms for arms in warm):
                continue
            draw_all = partial(served, arm, self._model.device, wanted, extent.steps, extent.orders)
            if drawn := self.tried(name, f"load, {load}", draw_all):
                self._result.served += [
                    {"load": load, "arm": name, "kind": kind.name} | summary(each)
                    for kind, each in drawn.items()
                ]
                self._result.most.append({"load": load, "arm": name, "per_second": most(drawn, extent.steps)})
                for rate, letting_by in itertools.product(RATES, ways):
                    found = waits(drawn, rate, extent.steps, letting_by=letting_by)
                    self._result.waits += [{"load": load, "arm": name} | asdict(each) for each in found]

    def _fresh(self) -> None:
        """Ask fresh processes, of random weights those that are laid down in a folder for as long."""
        if self._size is EMBEDDED or self._extent.folder != EMBEDDED_MODEL:
            self._ask(self._extent.folder)
        elif self._extent.lays_down:
            with laid_down(self._model) as folder:
                self._ask(str(folder))
        else:
            self._result.skipped["fresh processes"] = "a quick run wants a model's folder for it, see --model"

    def _ask(self, model: str) -> None:
        picture, steps, device = self.pictures[1], self._extent.steps, self._model.device
        with TemporaryDirectory() as scratch:
            kept = Path(scratch) if can_compile(device) and self._extent.lays_down else None
            turns = TURNS if self._extent.lays_down else TURNS[:2]
            self._result.fresh += starts(model, picture, steps, turns, kept)
        if device.type == "cuda":
            small = {"what": f"as on a card of {SMALL_CARD_GIB:g} GiB"}
            self._result.fresh.append(small | ask(model, picture, steps, limit_gib=SMALL_CARD_GIB))

    def tried(self, name: str, what: str, work: Callable[[], Done]) -> Done | None:
        """Return what an arm does; where it breaks, say so and go on: other libraries may, on a new card."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001
            self._result.skipped[f"{name}, {what}"] = broke(error)
            gc.collect()
            return None


def broke(error: Exception) -> str:
    """Return what is said of an arm that raised this."""
    first = (str(error).strip().splitlines() or [""])[0][:200]
    return f"it broke, {type(error).__name__}: {first}"


def _name(picture: Picture) -> str:
    return f"{picture[0]}×{picture[1]}"
