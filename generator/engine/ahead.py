"""Steps told to a device shortly before it is done with the one before, so that it never waits to be told.

Not much earlier: what was told cannot be taken back, and nobody who cancels shall wait for a whole step more.
When a step will be done is known from the quickest one of its kind so far.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from generator.engine.lines import Mark

EARLY = 0.004  # seconds; a recorded step is told in less, and of another the first kernels are

Step = TypeVar("Step")


@dataclass(slots=True)
class Pace:
    """The seconds of the quickest step of one kind. Whatever came between two steps makes none quicker."""

    seconds: float = math.inf

    def took(self, seconds: float) -> None:
        """Note a step."""
        self.seconds = min(self.seconds, seconds)

    def begins_anew(self) -> None:
        """Forget: steps are quicker now than any was, since they are compiled or recorded."""
        self.seconds = math.inf


def told_early(
    steps: Iterator[tuple[Step, Mark]],
    pace: Pace,
    goes_on: Callable[[], bool],
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Step]:
    """Yield each step once the device is done with it; `goes_on` says whether the next is told before.

    Taking a step from `steps` tells it. It comes with the mark of the place where the device is done with it.
    """
    began, coming = clock(), next(steps, None)
    while coming is not None:
        (step, there), following, over = coming, None, False
        if pace.seconds < math.inf:
            sleep(max(0.0, began + pace.seconds - EARLY - clock()))
            over = there.passed()
            following = next(steps, None) if not over and goes_on() else None
        there.wait()
        ended = clock()
        pace.begins_anew() if over else pace.took(ended - began)
        began = ended
        yield step
        if following is None:
            began, following = clock(), next(steps, None)
        coming = following
