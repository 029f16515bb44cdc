"""What tests of the core run on: SQLite, and where the engine matters PostgreSQL too."""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stage
from private_postgres import Server

from storage.company import Alone
from storage.postgresql import PostgresStore
from storage.sql.store import SqlStore
from storage.sqlite.database import SqliteDatabase
from storage.store import Store

unnamed = itertools.count()


class Late:
    """A database whose answers come some time after it was done, and in another order, as over a network."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._dice = random.Random("late")

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._database, name)

        async def answered(*question: Any) -> Any:
            answer = await asked(*question)
            for _ in range(self._dice.choice([0, 0, 1, 5, 20])):
                await asyncio.sleep(0.0001)
            return answer

        return answered if name in {"write", "at_once", "read", "read_at_length"} else asked


@pytest.fixture(params=["sqlite", "postgresql"])
def each_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stage is opened on this engine. For modules whose stories hang on what the database does."""
    match request.param:
        case "sqlite":
            yield
        case "far away":
            monkeypatch.setattr(
                stage, "new_store", lambda path: SqlStore(Late(SqliteDatabase(path)), Alone())
            )
            yield
        case _:
            server = request.getfixturevalue("postgres_server")
            taken: dict[str, str] = {}
            monkeypatch.setattr(stage, "new_store", _on(server, taken))
            yield
            for url in taken.values():
                server.clear(url)


def _on(server: Server, taken: dict[str, str]) -> Callable[[Path | str], Store]:
    """Return what gives every path a database of its own, and each store in memory another one."""

    def new_store(path: Path | str) -> Store:
        name = f"{path} {next(unnamed)}" if path == ":memory:" else str(path)
        if name not in taken:
            with ThreadPoolExecutor(1) as beside:  # a loop runs here, and the server needs one
                taken[name] = beside.submit(server.migrated).result()
        return PostgresStore(taken[name], pool=1)  # scripts are played in the order in which jobs are claimed

    return new_store
