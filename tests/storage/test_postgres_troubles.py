"""What the world does to a PostgreSQL database: each trouble is one sentence, and passes by itself."""

import asyncio
import logging

import asyncpg
import pytest
from private_postgres import name_in
from stored_orders import LIMITS, NOON, order, person

from storage.postgresql import PostgresStore, database
from storage.postgresql.dialect import definition, statement
from storage.records import Accepted, Identity
from storage.sql import scripts
from storage.store import StorageError


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.2)


async def opened(url) -> PostgresStore:
    store = PostgresStore(url, pool=4)
    await store.open()
    return store


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_is_not_there_is_named_without_the_password():
    store = PostgresStore("postgresql://pinxit:geheim@127.0.0.1:1/pictures")

    with pytest.raises(StorageError, match=r"pictures at 127\.0\.0\.1 cannot be reached") as error:
        await store.open()

    assert "geheim" not in str(error.value)


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_does_not_exist_is_named(postgres):
    with pytest.raises(StorageError, match=r"does not exist\. Make it with createdb"):
        await PostgresStore(postgres.replace(name_in(postgres), "nobodys")).open()


async def test_a_database_from_the_future_is_refused(empty_postgres):
    url = empty_postgres
    await (store := await opened(url)).close()
    await said(url, "update pinxit_version set version = 999")

    with pytest.raises(StorageError, match=r"newer Pinxit \(version 999; this one knows \d+\)"):
        await store.open()


async def test_another_programs_database_is_refused(empty_postgres):
    url = empty_postgres
    await said(url, "create table bookmarks (url text)")

    with pytest.raises(StorageError, match="another program's database"):
        await opened(url)


async def test_many_bots_that_start_at_once_migrate_an_empty_database_once(empty_postgres):
    url = empty_postgres

    stores = await asyncio.gather(*(opened(url) for _ in range(4)))

    ann = await stores[0].account(Identity("web", "ann"), "ann")
    assert await stores[3].account(Identity("web", "ann"), "ann") == ann
    for store in stores:
        await store.close()


async def test_one_person_seen_by_many_bots_at_once_is_one_account(postgres):
    stores = await asyncio.gather(*(opened(postgres) for _ in range(4)))

    seen = await asyncio.gather(
        *(store.account(Identity("web", "ann"), "ann") for store in stores for _ in range(4))
    )

    assert len({account.id for account in seen}) == 1
    for store in stores:
        await store.close()


async def test_a_server_that_restarts_is_waited_for(postgres_server, empty_postgres):
    store = await opened(empty_postgres)
    ann = await person(store)

    postgres_server.kill()
    asking = asyncio.create_task(store.submit(order(ann.account, "k"), LIMITS, NOON))
    await asyncio.sleep(0.3)
    postgres_server.start()

    assert isinstance(await asking, Accepted)
    assert await store.queue_length() == 1
    await store.close()


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_stays_away_is_told_and_works_again_later(postgres_server, empty_postgres):
    store = await opened(empty_postgres)
    ann = await person(store)

    postgres_server.kill()
    with pytest.raises(StorageError, match="cannot be reached"):
        await store.submit(order(ann.account), LIMITS, NOON)
    postgres_server.start()

    assert isinstance(await store.submit(order(ann.account), LIMITS, NOON), Accepted)
    assert await store.ledger_faults() == []
    await store.close()


async def test_a_caller_who_leaves_in_the_middle_is_served_to_the_end(postgres):
    store = await opened(postgres)
    ann = await person(store)
    leaving = asyncio.create_task(store.submit(order(ann.account, "k"), LIMITS, NOON))
    await asyncio.sleep(0)
    leaving.cancel()

    await store.close()

    await store.open()
    assert await store.queue_length() == 1
    await store.close()


async def test_prompts_never_reach_a_log(postgres, caplog):
    caplog.set_level(logging.DEBUG)
    store = await opened(postgres)

    await (await person(store)).orders()

    assert "red fox" not in caplog.text
    await store.close()


@pytest.mark.parametrize("change", ["update ledger set held = 0", "delete from ledger"])
async def test_the_ledger_cannot_be_changed_even_by_hand(postgres, change):
    store = await opened(postgres)
    await person(store)

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="only added to"):
        await store._db.write(lambda db: db.rows(change))

    await store.close()


def test_only_values_become_numbers():
    sql = "select ':a', x::text, \"b:c\" from t where a = :a and b = :b2 and c = :a -- :d"

    assert statement(sql) == (
        "select ':a', x::text, \"b:c\" from t where a = $1 and b = $2 and c = $1 -- :d",
        ("a", "b2"),
    )


def test_every_migration_s_triggers_are_understood():
    for _, file in scripts.migrations():
        for each in scripts.statements(file.read_text()):
            if "create trigger" in each:
                function, trigger = definition(each)
                assert "returns trigger" in function
                assert "for each row" in trigger


async def said(url, sql) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()
