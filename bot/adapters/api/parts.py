"""The parts of the API that live from the start, before any request loads the rest."""

import asyncio
from dataclasses import dataclass

from bot.adapters.api.core import Core
from bot.adapters.api.deadlines import Deadlines
from bot.adapters.api.surface import ApiSurface
from bot.adapters.api.webhooks import Webhooks
from storage.company import Lead, at_once


@dataclass(frozen=True, slots=True)
class Parts:
    """What delivers and what works behind."""

    core: Core
    surface: ApiSurface
    deadlines: Deadlines
    webhooks: Webhooks

    async def run(self, lead: Lead = at_once) -> None:
        """Work for as long as the bot lives; of bots on one database, the one that leads tells webhooks."""
        async with self.core.outgoing, asyncio.TaskGroup() as tasks:
            tasks.create_task(self.deadlines.run())
            tasks.create_task(lead("webhooks", self.webhooks.run))


def parts_of(core: Core, surface: ApiSurface) -> Parts:
    """Put the parts together."""
    webhooks = Webhooks(core)
    surface.tell = webhooks.tell
    return Parts(core, surface, Deadlines(core), webhooks)
