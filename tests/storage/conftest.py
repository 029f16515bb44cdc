"""Stores of every engine, opened and empty."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storage.postgresql import PostgresStore
from storage.sqlite import SqliteStore
from storage.store import Store


@pytest.fixture(params=["sqlite-memory", "sqlite-file", "postgresql"])
def unopened(request: pytest.FixtureRequest, path: Path) -> Store:
    match request.param:
        case "sqlite-memory":
            return SqliteStore(":memory:")
        case "sqlite-file":
            return SqliteStore(path)
        case _:
            return PostgresStore(request.getfixturevalue("postgres"), pool=5)


@pytest_asyncio.fixture
async def store(unopened: Store) -> AsyncIterator[Store]:
    await unopened.open()
    yield unopened
    await unopened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pinxit.db"


@pytest_asyncio.fixture
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open()
    yield store
    await store.close()
