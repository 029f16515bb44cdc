"""Finds the jobs that are drawn as one batch with a job that was claimed just now."""

import logging
from collections import Counter
from collections.abc import Sequence

from bot.batching import MOST_TOGETHER, PRESSURE, TRIED_EVERY, Batching, candidates, fellows
from bot.estimate import Estimate
from storage.records import Job
from storage.store import Store

LOOKED_AT = 32  # jobs in line

log = logging.getLogger(__name__)


class Fellows:
    """Asks storage for who waits and the estimate for what was measured."""

    def __init__(self, store: Store, estimate: Estimate, batching: Batching) -> None:
        self._store = store
        self._estimate = estimate
        self._batching = batching
        self._chances: Counter[str] = Counter()  # by shape: so often nothing spoke for a batch

    async def join(self, job: Job, lease: str, now: float) -> Sequence[Job]:
        """Claim those who are drawn together with a job."""
        recipe = job.recipe
        room = self._batching.most(self._estimate.pixels(recipe)) - job.count
        if room < 1 or job.losses or recipe.start is not None:
            return ()
        line = await self._store.near(LOOKED_AT)
        fitting = list(candidates(job, line, room, now))
        if not fitting or not (joined := await self._worth_it(job, fitting, len(line))):
            return ()
        others = await self._store.join(lease, [other.id for other in fitting[:joined]])
        log.info("jobs drawn as one batch", extra={"jobs": [job.id, *(other.id for other in others)]})
        return others

    async def _worth_it(self, job: Job, fitting: Sequence[Job], waiting: int) -> int:
        counts = [job.count, *(other.count for other in fitting)]
        seconds = await self._estimate.together(job.recipe, MOST_TOGETHER)
        if joined := fellows(counts, waiting - len(fitting), seconds):
            return joined
        return len(fitting) if waiting >= PRESSURE and self._is_curious(job) else 0

    def _is_curious(self, job: Job) -> bool:
        """Whether it is time to learn whether batches of this shape pay, which nothing says so far."""
        self._chances[shape := self._estimate.shape(job.recipe)] += 1
        return self._chances[shape] % TRIED_EVERY == 1
