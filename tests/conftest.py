"""What tests of every part may need of the machine."""

from collections.abc import Iterator

import pytest
from private_postgres import MISSING, Server

from storage.postgresql.private import programs


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for the whole run, started when the first test asks for it."""
    found = programs()
    if found is None:
        pytest.skip(MISSING)
    server = Server(found)
    yield server
    server.stop()


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[str]:
    """The address of a database of the test's own, with all tables and nothing in them."""
    url = postgres_server.migrated()
    yield url
    postgres_server.clear(url)


@pytest.fixture
def empty_postgres(postgres_server: Server) -> str:
    """The address of a new database that nobody has opened."""
    return postgres_server.empty()
