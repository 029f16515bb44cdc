"""What a person can have of what is kept about them: all of it in a file, or none of it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from bot.clock import Clock
from bot.commands import DeleteMine, ExportMine
from bot.delivery import Delivery
from bot.dispatcher import Dispatcher
from bot.gallery import Gallery
from bot.people import AS_USUAL, People
from bot.refusals import StillPainting
from bot.stopping import show_cancelled
from bot.updates import DeletionAsked, Erased, Exported
from storage.records import Limits
from storage.store import Store

FILE = "pinxit-export.json"


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
            return await self._export(account)
        if command.confirmed:
            return await self._erase(account)
        jobs = await self._store.visible(account)
        balance = await self._store.balance(account, self._limits, self._clock.wall())
        return DeletionAsked(jobs=jobs, credits=balance.available)

    async def _export(self, account: int) -> Exported:
        kept = await self._store.kept(account)
        return Exported(file=await asyncio.to_thread(_json, kept), name=FILE)

    async def _erase(self, account: int) -> Erased:
        emptied = await self._gallery.erase(account, self._clock.wall())
        if emptied is None:
            raise StillPainting
        await self._people.remember(account, AS_USUAL)
        show_cancelled(self._delivery, emptied.cancelled)
        self._dispatcher.wake()
        return Erased(jobs=emptied.jobs, cancelled=len(emptied.cancelled))


def _json(kept: Mapping[str, Any]) -> bytes:
    return json.dumps(kept, ensure_ascii=False, indent=1).encode("utf-8", "replace")
