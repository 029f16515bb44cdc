"""How many credits moved, by kind, since the first time somebody asked."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from storage.oversight import Oversight
from storage.records import Kind


class CreditFlow:
    """Reads only the entries that are new since the last reading."""

    def __init__(self, oversight: Oversight) -> None:
        self._oversight = oversight
        self._seen: int | None = None
        self._moved: Counter[Kind] = Counter()
        self._reading = asyncio.Lock()

    async def moved(self) -> Mapping[Kind, int]:
        """Return the sums. Raises StorageError."""
        async with self._reading:
            if self._seen is None:
                self._seen = await self._oversight.last_entry()
            flow = await self._oversight.flow(self._seen)
            self._moved.update(flow.credits)
            self._seen = flow.last
            return dict(self._moved)
