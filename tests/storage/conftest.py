"""Stores of every engine, opened and empty. A second engine is one more line in ENGINES."""

import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from storage.sqlite import SqliteStore
from storage.store import Store

ENGINES: dict[str, Callable[[Path], Store]] = {
    "sqlite-memory": lambda _: SqliteStore(":memory:"),
    "sqlite-file": lambda folder: SqliteStore(folder / "pinxit.db"),
}


@pytest_asyncio.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = ENGINES[request.param](tmp_path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "pinxit.db"


@pytest_asyncio.fixture
async def sqlite(database: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(database)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def lease() -> str:
    return secrets.token_hex(4)
