"""What happened since the start, counted as it happens. It knows neither Prometheus nor storage."""

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import assert_never

from bot.updates import Answer, Broken, Cancelled, Delivered, Final, Refused
from storage.records import Job, Post, Rung

SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
MOST_SHAPES = 40  # what comes after is "other": sizes are anybody's to choose


class Spread:
    """How many values were at most each of SECONDS, and their sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(SECONDS, value)] += 1
        self.sum += value


class Tally:
    """Told of every answer, of every pause and of every end that was shown; `also` is told of these too."""

    def __init__(self, also: Callable[[Post, Final, Rung], None] | None = None) -> None:
        self._also = also
        self.refusals: Counter[tuple[str, str]] = Counter()  # by platform and reason
        self.ends: Counter[tuple[str, str]] = Counter()  # by platform and how
        self.rungs: Counter[tuple[str, str]] = Counter()  # by platform and rung
        self.errors: Counter[str] = Counter()  # by part
        self.pauses = 0  # of jobs that let shorter ones by
        self.waits: dict[str, Spread] = {}  # by platform
        self.drawing: dict[str, Spread] = {}  # by shape: seconds of one picture

    def answered(self, platform: str, answer: Answer) -> None:
        """A person has their answer."""
        if isinstance(answer, Refused):
            self.refusals[platform, answer.refusal.key] += 1

    def paused(self) -> None:
        """A job lets a shorter one by."""
        self.pauses += 1

    def shown(self, post: Post, final: Final, rung: Rung) -> None:
        """The end of a job is shown, and storage knows it."""
        self.rungs[post.platform, rung.value] += 1
        if self._also is not None:
            self._also(post, final, rung)
        match final:
            case Delivered(job=job):
                self.ends[post.platform, "succeeded"] += 1
                self._drawn(post.platform, job)
            case Broken(fault=fault):
                self.ends[post.platform, fault.value] += 1
            case Cancelled():
                self.ends[post.platform, "cancelled"] += 1
            case _:
                assert_never(final)

    def _drawn(self, platform: str, job: Job) -> None:
        if job.draw_seconds is None or job.ended_at is None:
            return
        waited = job.ended_at - job.created_at - job.draw_seconds
        self.waits.setdefault(platform, Spread()).add(max(0.0, waited))
        spread = self.drawing.setdefault(self._shape(job), Spread())
        for _ in range(job.count):
            spread.add(job.draw_seconds / job.count)

    def _shape(self, job: Job) -> str:
        shape = f"{job.recipe.width}x{job.recipe.height} {job.recipe.steps} steps"
        return shape if shape in self.drawing or len(self.drawing) < MOST_SHAPES else "other"


class ErrorCounter(logging.Handler):
    """Counts what is logged as an error, by the part that logs it."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(logging.ERROR)
        self._tally = tally

    def emit(self, record: logging.LogRecord) -> None:
        """Count the record; what it says is not looked at."""
        self._tally.errors[".".join(record.name.split(".")[:3])] += 1
