"""Each test gets the real product in a folder of its own, and leaves nothing running."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from product import Product

from storage.postgresql.dialect import definition
from storage.postgresql.migrate import FUNCTIONS
from storage.postgresql.statements import PostgresStatements
from storage.sql.scripts import migrations, statements


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Make products that end with the test; settings by their names without PINXIT_."""
    products: list[Product] = []

    def make(data: Path | None = None, **settings: object) -> Product:
        products.append(Product(data or tmp_path / f"data{len(products)}", **settings))
        return products[-1]

    yield make
    for each in products:
        each.end()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Return one product for all tests that do it no harm."""
    product = Product(tmp_path_factory.mktemp("running") / "data", MAX_WAITING=200)
    product.start()
    yield product
    product.end()


@pytest.fixture
def unused_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture
def old_postgres(empty_postgres: str) -> str:
    """The address of a database as an early Pinxit left it, with somebody in it."""
    asyncio.run(_as_of_old(empty_postgres))
    return empty_postgres


async def _as_of_old(url: str) -> None:
    connection = await asyncpg.connect(url)
    db = PostgresStatements(connection)
    await db.rows("create table pinxit_version (version bigint not null)")
    for function in FUNCTIONS.read_text(encoding="utf-8").split("\n\n"):
        await db.rows(function)
    number, file = migrations()[0]
    for statement in statements(file.read_text(encoding="utf-8")):
        for own in definition(statement):
            await db.rows(own)
    await db.rows("insert into pinxit_version values (:number)", number=number)
    await db.rows("insert into accounts (name) values ('Ann')")
    await connection.close()
