"""Deletes for good what is kept no longer than the owner wants: sent files, pictures, and small traces."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.clock import Clock, pause
from bot.gallery import Gallery
from bot.uploads import UploadDesk
from storage.store import StorageError, Store

HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS
TRACES_DAYS = 30.0  # what was sent to webhooks
REQUESTS_DAYS = 2.0  # idempotency keys, which hold for one
STARTS_DAYS = 1.0  # pictures to start from that no job needs
AT_ONCE = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """For how many days; 0 is for ever."""

    uploads_days: float = 0.0
    pictures_days: float = 0.0


class Sweeper:
    """Run it for as long as the bot lives."""

    def __init__(self, store: Store, gallery: Gallery, files: UploadDesk, clock: Clock, keep: Keep) -> None:
        self._store = store
        self._gallery = gallery
        self._files = files
        self._clock = clock
        self._keep = keep

    async def run(self) -> None:
        """Sweep now and every hour."""
        while True:
            try:
                await self.sweep(self._clock.wall())
            except StorageError as error:
                log.warning("not swept", extra={"reason": str(error)})
            await pause(self._clock, HOUR_SECONDS)

    async def sweep(self, now: float) -> None:
        """Delete what is too old."""
        await self._store.requests.forget(now - REQUESTS_DAYS * DAY_SECONDS)
        await self._store.outbox.forget(now - TRACES_DAYS * DAY_SECONDS)
        await self._gallery.let_go(lambda: self._store.starts.remove_unused(now - STARTS_DAYS * DAY_SECONDS))
        if self._keep.uploads_days:
            await self._files.remove_older(now - self._keep.uploads_days * DAY_SECONDS)
        if self._keep.pictures_days:
            await self._sweep_pictures(now)

    async def _sweep_pictures(self, now: float) -> None:
        before = now - self._keep.pictures_days * DAY_SECONDS
        while jobs := await self._old(before):
            for job in jobs:
                await self._gallery.remove(job, now)
            log.info("old pictures deleted", extra={"jobs": len(jobs)})

    async def _old(self, before: float) -> Sequence[str]:
        return await self._store.ended_before(before, AT_ONCE)
