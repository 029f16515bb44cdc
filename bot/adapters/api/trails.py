"""What the followers of jobs know: the newest state, the latest events, and marks that never fall.

Kept in memory for a while; the end of a job is always in storage.
"""

import asyncio
import secrets
import weakref
from collections import deque
from dataclasses import replace
from itertools import groupby
from typing import assert_never

from bot.recent import Recent
from bot.texts import describe
from bot.updates import Broken, Cancelled, Delivered, Final, Progress, Queued, Update

KEPT = 2_000  # jobs whose trail is kept with nobody following
MOST_EVENTS = 40
DRAWN_PERCENT = 95.0  # the rest is storing


class Trail:
    """One job, as its followers see it. `news` is set at the next change."""

    def __init__(self) -> None:
        self.update: Update | None = None
        self.number = 0  # of the newest event
        self.percent = 0.0
        self.cancelling = False
        self.events: deque[tuple[int, Update]] = deque(maxlen=MOST_EVENTS)
        self.news = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""
        return isinstance(self.update, Final)

    @property
    def lines(self) -> list[str]:
        """What happened, in sentences; put into words only where somebody reads them."""
        said = (describe(update, "en") for _, update in self.events)
        return [line for line, _ in groupby(said)]

    def tell(self, update: Update) -> None:
        """Take in a state, unless a later one is known."""
        if update == self.update or not _follows(self.update, update):
            return
        self.update = update
        self.number += 1
        self.percent = max(self.percent, percent_of(update))
        self._keep(update)
        self._wake()

    def stopping(self) -> None:
        """The job is about to be cancelled."""
        self.cancelling = True
        self.number += 1
        self._wake()

    def _keep(self, update: Update) -> None:
        """Remember what is news to whoever comes back: a preview alone is not, nor is a place once passed."""
        small = replace(update, previews=()) if isinstance(update, Progress) else update
        last = self.events[-1][1] if self.events else None
        if last == small:
            return
        if isinstance(last, Queued) and isinstance(small, Queued):
            self.events.pop()
        self.events.append((self.number, small))

    def _wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()


class Trails:
    """The trails of many jobs. One that somebody follows is never forgotten."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)  # event numbers count within one run of the bot
        self._known: weakref.WeakValueDictionary[str, Trail] = weakref.WeakValueDictionary()
        self._kept: Recent[str, Trail] = Recent(KEPT)

    def of(self, job: str) -> Trail:
        """Return the trail of a job, empty where nothing was told of it."""
        trail = self._known.get(job)
        if trail is None:
            trail = self._known[job] = Trail()
            self._kept[job] = trail
        return trail


def percent_of(update: Update) -> float:
    """Return how far a job is: 100 only when its pictures are there."""
    match update:
        case Progress(step=step, steps=steps):
            return DRAWN_PERCENT * step / steps
        case Delivered():
            return 100.0
        case Queued() | Broken() | Cancelled():
            return 0.0
        case _:
            assert_never(update)


def _follows(known: Update | None, update: Update) -> bool:
    """Say whether a state is news: nothing follows an end, and waiting follows drawing in a new attempt."""
    if known is None:
        return True
    if isinstance(known, Final):
        return False
    if isinstance(update, Final):
        return True
    if isinstance(known, Progress) and isinstance(update, Queued):
        return update.job.attempt > known.job.attempt
    return update.job.attempt >= known.job.attempt
