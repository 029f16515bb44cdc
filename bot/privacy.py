"""What a person can have of what is kept about them: all of it in a file, or none of it."""

import asyncio
import json
from dataclasses import asdict
from typing import Any

from bot.clock import Clock
from bot.commands import DeleteMine, ExportMine, Person
from bot.delivery import Delivery
from bot.dispatcher import Dispatcher
from bot.gallery import Gallery
from bot.people import AS_USUAL, People
from bot.refusals import StillPainting
from bot.stopping import show_cancelled
from bot.updates import DeletionAsked, Erased, Exported
from storage.records import Job, Limits
from storage.store import Store

FILE = "pinxit-export.json"
ALL = 10**9  # entries


class Privacy:
    """Answers for the asker's own account alone."""

    def __init__(  # noqa: PLR0913 - the parts that know something about people
        self,
        *,
        store: Store,
        people: People,
        gallery: Gallery,
        delivery: Delivery,
        dispatcher: Dispatcher,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._store = store
        self._people = people
        self._gallery = gallery
        self._delivery = delivery
        self._dispatcher = dispatcher
        self._clock = clock
        self._limits = limits

    async def answer(self, command: ExportMine | DeleteMine) -> Exported | DeletionAsked | Erased:
        """Export, ask back, or delete. Raises a Refusal."""
        account = await self._people.account(command.by)
        if isinstance(command, ExportMine):
            return await self._export(account, command.by)
        if command.confirmed:
            return await self._erase(account)
        jobs = [job for job in await self._store.jobs_of(account) if not job.deleted]
        balance = await self._store.balance(account, self._limits, self._clock.wall())
        return DeletionAsked(jobs=len(jobs), credits=balance.available)

    async def _export(self, account: int, by: Person) -> Exported:
        known = await self._store.find_account(account)
        kept = {
            "account": asdict(known) if known else None,
            "identities": [asdict(each) for each in await self._store.identities(account)],
            "preferences": asdict(self._people.preferences(by.identity)),
            "jobs": [_job(job) for job in await self._store.jobs_of(account)],
            "ledger": [asdict(entry) for entry in await self._store.entries(account, ALL)],
        }
        return Exported(file=await asyncio.to_thread(_json, kept), name=FILE)

    async def _erase(self, account: int) -> Erased:
        emptied = await self._gallery.erase(account, self._clock.wall())
        if emptied is None:
            raise StillPainting
        await self._people.remember(account, AS_USUAL)
        show_cancelled(self._delivery, emptied.cancelled)
        self._dispatcher.wake()
        return Erased(jobs=emptied.jobs, cancelled=len(emptied.cancelled))


def _job(job: Job) -> dict[str, Any]:
    return asdict(job) | {"recipe": job.recipe.as_dict()}


def _json(kept: dict[str, Any]) -> bytes:
    return json.dumps(kept, ensure_ascii=False, indent=1).encode("utf-8", "replace")
