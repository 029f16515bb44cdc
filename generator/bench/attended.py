"""What whoever ordered a picture meets while it is drawn, and what the machine spends on it.

A whole painter draws, over the weights of an arm: the first preview, the pause between two steps, the
finished file, and how long a picture goes on being drawn that nobody wants any more. That is measured at its
worst: the wish to stop comes just after the painter has last been told to go on.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event as Happened
from typing import Any

import torch

from generator.bench.clock import settle
from generator.bench.solo import Prompts
from generator.engine.net import Net
from generator.engine.painter import ZImagePainter
from generator.messages import Event, Failed, Finished, Generate, Order, Preview, StepDone
from generator.recipe import Recipe

PATIENCE = 600.0  # seconds for a file
ENOUGH = 2  # steps of a picture that is not wanted

Mark = Any  # a moment on the device


@dataclass(slots=True)
class Attended:
    """Seconds, one for each picture, or for each pause of each."""

    preview: list[float] = field(default_factory=list)
    file: list[float] = field(default_factory=list)
    cancel: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    pause: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)  # of the machine's processors


class Watch:
    """Listens to a painter, and where wished, wants no more once so many steps are done."""

    def __init__(self, enough: int | None = None) -> None:
        self._began = self.refused = time.perf_counter()
        self.preview: float | None = None
        self._file = 0.0
        self._failed = False
        self._enough = enough
        self._unwanted = False
        self._ended = Happened()

    def emit(self, event: Event) -> None:
        """Note what is told."""
        now = time.perf_counter() - self._began
        match event:
            case Preview() if self.preview is None:
                self.preview = now
            case Finished() | Failed():
                self._file, self._failed = now, isinstance(event, Failed)
                self._ended.set()
            case StepDone():
                self._unwanted = self._enough is not None and event.step >= self._enough
            case _:
                pass

    def should_stop(self) -> bool:
        """Say whether it is enough, and note when it last was not."""
        if not self._unwanted:
            self.refused = time.perf_counter()
        return self._unwanted

    def wait(self) -> float:
        """Return after how many seconds the file is there. Raises RuntimeError where none was drawn."""
        if not self._ended.wait(PATIENCE) or self._failed:
            raise RuntimeError("a picture could not be drawn whole")
        return self._file


class Marks:
    """When the steps of one picture began and ended, by the device's own clock."""

    def __init__(self, device: torch.device) -> None:
        self._card = device.type == "cuda"
        self._steps: list[tuple[Mark, Mark]] = []

    @contextmanager
    def on(self, net: Net) -> Iterator[None]:
        """Mark each step that is taken within."""
        step = net.step

        def marked(*given: Any) -> torch.Tensor:
            began = self._now()
            velocity = step(*given)
            self._steps.append((began, self._now()))
            return velocity

        net.step = marked  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            del net.step  # the class's own is there again

    def steps(self) -> list[float]:
        """Return the seconds of each."""
        return [self._between(began, ended) for began, ended in self._steps]

    def pauses(self) -> list[float]:
        """Return the seconds between each and the next."""
        return [self._between(ended, began) for (_, ended), (began, _) in pairwise(self._steps)]

    def _now(self) -> Mark:
        if not self._card:
            return time.perf_counter()
        mark = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        mark.record()
        return mark

    def _between(self, first: Mark, second: Mark) -> float:
        return float(first.elapsed_time(second)) / 1000 if self._card else second - first


@dataclass(frozen=True, slots=True)
class Seat:
    """Where it is drawn: a warm painter, what it draws with and on, and how large a picture."""

    painter: ZImagePainter
    net: Net
    device: torch.device
    size: tuple[int, int]
    steps: int


def attended(seat: Seat, rounds: int) -> Attended:
    """Draw so many pictures, and stop as many."""
    found, prompts = Attended(), Prompts()
    for number in range(rounds):
        _draw(seat, _request(seat, prompts(1)[0], number), found)
        found.cancel.append(_stopped(seat, _request(seat, prompts(1)[0], number)))
    return found


def _draw(seat: Seat, request: Generate, found: Attended) -> None:
    marks, watch, began = Marks(seat.device), Watch(), time.process_time()
    with marks.on(seat.net):
        seat.painter.draw(request, watch.emit, watch.should_stop)
    found.file.append(watch.wait())
    found.work.append(time.process_time() - began)
    found.preview += [] if watch.preview is None else [watch.preview]
    found.step += marks.steps()
    found.pause += marks.pauses()


def _stopped(seat: Seat, request: Generate) -> float:
    """Return the seconds that a picture is drawn on after nobody wants it."""
    watch = Watch(enough=min(ENOUGH, seat.steps))
    seat.painter.draw(request, watch.emit, watch.should_stop)
    settle(seat.device)
    return time.perf_counter() - watch.refused


def _request(seat: Seat, prompt: str, number: int) -> Generate:
    width, height = seat.size
    recipe = Recipe(
        prompt=prompt, model=seat.painter.model, width=width, height=height, steps=seat.steps, seed=number
    )
    return Generate(orders=(Order(id="-", recipe=recipe),), previews=True)
