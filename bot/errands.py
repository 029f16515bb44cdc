"""Small works that are begun as something is heard; whatever goes wrong with one ends in the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from storage.store import StorageError

log = logging.getLogger(__name__)


class Errands:
    """Begins nothing but while it is open. `undone` says in the log what a failure means."""

    def __init__(self, undone: str) -> None:
        self._undone = undone
        self._tasks: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take errands within; those that were begun are done at its end."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self._tasks = None

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Begin it, and return whether that is done: it is not while closed."""
        if self._tasks is None:
            return False
        self._tasks.create_task(self.safely(work()))
        return True

    async def safely(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for it, and log what goes wrong: nothing that is heard may take the bot down."""
        try:
            await work
        except StorageError as error:
            log.warning(self._undone, extra={"reason": str(error)})
        except Exception:
            log.exception("%s because of a bug", self._undone)
