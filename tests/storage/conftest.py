"""Stores of every engine, opened and empty."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stored_orders import ENGINES

from storage.sqlite import SqliteStore
from storage.store import Store


@pytest_asyncio.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = ENGINES[request.param](tmp_path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pinxit.db"


@pytest_asyncio.fixture
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open()
    yield store
    await store.close()
