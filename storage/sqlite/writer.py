"""The one connection that writes: short immediate transactions, and those that wait share the next.

Putting a commit on disk takes milliseconds on some disks, whatever it holds. So while one is on its way,
arriving work waits, and then runs together in the next transaction, each piece behind a savepoint of its
own: a piece that fails is undone alone. Nobody hears of success before the commit is on disk.

Work runs to its end even when its caller is cancelled meanwhile, so no transaction is ever left open.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiosqlite

from storage.sql.statements import Result, Work
from storage.sqlite.statements import SqliteStatements
from storage.sqlite.troubles import needs_reconnect

MOST_TOGETHER = 64  # pieces of work in one transaction: bounds how long another process waits


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work, and where its result goes once it is on disk."""

    work: Work[Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Work that raised, and was undone alone."""

    error: Exception


class Writer:
    """Runs work in transactions on a connection that `connect` makes, again after some troubles."""

    def __init__(self, connect: Callable[[], Awaitable[aiosqlite.Connection]]) -> None:
        self._connect = connect
        self._connection: aiosqlite.Connection | None = None
        self._waiting: list[Waiting] = []
        self._loop: asyncio.Task[None] | None = None

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction; return when it is on disk. Raises what it raised."""
        waiting = Waiting(work, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._until_none_waits())
        result: Result = await asyncio.shield(waiting.done)
        return result

    async def close(self) -> None:
        """Finish what is waiting, then close the connection."""
        if self._loop is not None:
            await self._loop
        await self._disconnect()

    async def _until_none_waits(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                await self._settle(together)
            finally:  # when the event loop ends in the middle, callers must not wait for ever
                for waiting in together:
                    waiting.done.cancel()

    async def _settle(self, together: Sequence[Waiting]) -> None:
        try:
            outcomes = await self._transaction([waiting.work for waiting in together])
        except Exception as error:  # noqa: BLE001 - handed to everyone who waits for this transaction
            outcomes = [Failure(error)] * len(together)
            if needs_reconnect(error):
                await self._disconnect()
        for waiting, outcome in zip(together, outcomes, strict=True):
            _hand_over(waiting.done, outcome)

    async def _transaction(self, works: Sequence[Work[Any]]) -> list[Any]:
        if self._connection is None:
            self._connection = await self._connect()
        connection = self._connection
        await connection.execute_fetchall("begin immediate")
        try:
            if len(works) == 1:
                outcomes = [await works[0](SqliteStatements(connection))]
            else:
                outcomes = [await _apart(connection, work) for work in works]
            await connection.execute_fetchall("commit")
        except BaseException:
            if connection.in_transaction:  # SQLite has rolled back by itself when the disk is full
                await connection.rollback()
            raise
        return outcomes

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):  # it is being thrown away, perhaps because it is broken
                await connection.close()


async def _apart(connection: aiosqlite.Connection, work: Work[Any]) -> Any:
    """Run one of several pieces; return its result or its Failure, undone."""
    await connection.execute_fetchall("savepoint piece")
    try:
        outcome = await work(SqliteStatements(connection))
    except Exception as error:
        if not connection.in_transaction:  # all of it was rolled back: it fails for everyone
            raise
        await connection.execute_fetchall("rollback to piece")
        outcome = Failure(error)
    await connection.execute_fetchall("release piece")
    return outcome


def _hand_over(done: asyncio.Future[Any], outcome: Any) -> None:
    if isinstance(outcome, Failure):
        done.set_exception(outcome.error)
    else:
        done.set_result(outcome)
