"""What the world does to a database file: each trouble is one sentence, and passes without a trace."""

import asyncio
import logging
import os
import sqlite3
from contextlib import closing

import pytest
from stored_orders import LIMITS, NOON, order, person

from storage.records import MOVES, Accepted, Identity, JobState, Repeated
from storage.sql import scripts
from storage.sqlite import SqliteStore, database, troubles
from storage.store import StorageError


async def fills_the_disk(store) -> None:
    """Allow not one page more than there are: SQLite answers SQLITE_FULL as on a full disk."""
    await store._db.write(lambda db: db.rows("select 1"))
    connection = store._db._writer._connection
    ((pages,),) = await connection.execute_fetchall("pragma page_count")
    await connection.execute_fetchall(f"pragma max_page_count = {pages}")


async def frees_the_disk(store) -> None:
    await store._db._writer._connection.execute_fetchall("pragma max_page_count = 1000000")


async def submit_until_full(store, account) -> int:
    """Return how many were accepted; the next one was refused."""
    for count in range(1000):
        if await is_refused(store, order(account, f"fill {count}")):
            return count
    raise AssertionError("the disk never was full")


async def is_refused(store, new) -> bool:
    try:
        await store.submit(new, LIMITS, NOON)
    except StorageError as error:
        return "The disk is full" in str(error)
    return False


async def test_a_full_disk_refuses_in_a_sentence_and_nothing_is_half_written(sqlite):
    ann = await person(sqlite)
    await fills_the_disk(sqlite)

    accepted = await submit_until_full(sqlite, ann.account)

    assert await sqlite.queue_length() == accepted
    assert (await ann.credits())[1] == 4 * accepted
    assert await sqlite.ledger_faults() == []


async def test_when_there_is_space_again_it_goes_on(sqlite):
    ann = await person(sqlite)
    await fills_the_disk(sqlite)
    refused = await submit_until_full(sqlite, ann.account)

    await frees_the_disk(sqlite)
    answer = await sqlite.submit(order(ann.account, f"fill {refused}"), LIMITS, NOON)

    assert isinstance(answer, Accepted)


async def test_a_crowd_before_a_full_disk_hears_the_truth_one_by_one(sqlite):
    ann = await person(sqlite)
    await fills_the_disk(sqlite)

    answers = await asyncio.gather(
        *(sqlite.submit(order(ann.account), LIMITS, NOON) for _ in range(300)), return_exceptions=True
    )

    accepted = [answer for answer in answers if isinstance(answer, Accepted)]
    assert all(isinstance(answer, Accepted | StorageError) for answer in answers)
    assert len(accepted) < 300
    assert await sqlite.queue_length() == len(accepted)
    assert await sqlite.ledger_faults() == []


async def test_a_locked_file_is_named_and_works_again_when_let_go(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    store = SqliteStore(path)
    await store.open()
    ann = await person(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")

        with pytest.raises(StorageError, match=r"Another program is holding .*pinxit\.db"):
            await store.submit(order(ann.account), LIMITS, NOON)
        readable = await store.queue_length()

    assert readable == 0
    assert isinstance(await store.submit(order(ann.account), LIMITS, NOON), Accepted)
    await store.close()


async def test_a_file_that_became_read_only_is_named_and_works_again_later(sqlite):
    ann = await person(sqlite)
    await sqlite._db._writer._connection.execute_fetchall("pragma query_only = on")

    with pytest.raises(StorageError, match="cannot be written"):
        await sqlite.submit(order(ann.account), LIMITS, NOON)

    assert isinstance(await sqlite.submit(order(ann.account), LIMITS, NOON), Accepted)


async def test_a_database_from_the_future_is_refused_and_not_touched(path):
    with closing(sqlite3.connect(path)) as future:
        future.execute("create table marvels (x)")
        future.execute("pragma user_version = 999")
    before = path.read_bytes()

    with pytest.raises(StorageError, match=r"newer Pinxit \(version 999; this one knows \d+\)"):
        await SqliteStore(path).open()

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_another_programs_database_is_refused(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("create table bookmarks (url)")

    with pytest.raises(StorageError, match="another program's database"):
        await SqliteStore(path).open()


async def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"Dear diary, " * 1000)

    with pytest.raises(StorageError, match="not a database, or is damaged"):
        await SqliteStore(path).open()


async def test_a_damaged_database_says_so(path):
    store = SqliteStore(path)
    await store.open()
    await person(store)
    await store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))

    with pytest.raises(StorageError, match="damaged"):
        await reopened_and_used(path)


async def reopened_and_used(path) -> None:
    store = SqliteStore(path)
    await store.open()
    try:
        await store.accounts()
        await store.account(Identity("web", "new"), "new")
    finally:
        await store.close()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="cannot be made"):
        await SqliteStore(tmp_path / "file" / "pinxit.db").open()


async def test_a_file_without_the_right_to_write_is_named(path, monkeypatch):
    path.touch()
    monkeypatch.setattr(os, "access", lambda _, rights: not rights & os.W_OK)

    with pytest.raises(StorageError, match="Check its owner and its rights"):
        await SqliteStore(path).open()


async def test_a_folder_in_place_of_the_database_is_named(path):
    path.mkdir()

    with pytest.raises(StorageError, match="cannot be opened"):
        await SqliteStore(path).open()


async def test_a_closed_store_says_so_and_can_be_opened_again(path):
    store = SqliteStore(path)
    await store.open()
    ann = await person(store)
    await store.close()

    with pytest.raises(StorageError, match="closed"):
        await ann.credits()

    await store.open()
    assert await ann.credits() == (1_000_000, 0)
    await store.close()


async def test_closing_lets_what_was_asked_for_finish(path):
    store = SqliteStore(path)
    await store.open()
    ann = await person(store)
    submitting = asyncio.create_task(store.submit(order(ann.account, "k"), LIMITS, NOON))
    await asyncio.sleep(0)

    await store.close()

    assert isinstance(await submitting, Accepted)


async def test_a_caller_who_leaves_in_the_middle_leaves_no_transaction_open(sqlite):
    ann = await person(sqlite)
    leaving = [
        asyncio.create_task(sqlite.submit(order(ann.account, f"{n}"), LIMITS, NOON)) for n in range(20)
    ]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)

    answers = [await sqlite.submit(order(ann.account, f"{n}"), LIMITS, NOON) for n in range(20)]

    assert all(isinstance(answer, Repeated) for answer in answers)
    assert await sqlite.ledger_faults() == []


async def test_work_that_fails_takes_nothing_of_its_neighbours_along(sqlite):
    ann = await person(sqlite)

    answers = await asyncio.gather(
        *(sqlite.submit(order(ann.account if n % 3 else 77), LIMITS, NOON) for n in range(30)),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [Accepted if n % 3 else LookupError for n in range(30)]
    assert await sqlite.queue_length() == 20


async def test_prompts_never_reach_a_log(sqlite, caplog):
    caplog.set_level(logging.DEBUG)
    ann = await person(sqlite)

    await ann.orders()

    assert "red fox" not in caplog.text


@pytest.mark.parametrize("statement", ["update ledger set held = 0", "delete from ledger"])
async def test_the_ledger_cannot_be_changed_even_by_hand(sqlite, statement):
    await person(sqlite)

    with pytest.raises(sqlite3.IntegrityError, match="only added to"):
        await sqlite._db.write(lambda db: db.rows(statement))


async def test_the_check_finds_a_cached_sum_that_was_changed_by_hand(sqlite):
    ann = await person(sqlite, credits=10)

    await sqlite._db.write(lambda db: db.rows("update accounts set available = 11"))

    (fault,) = await sqlite.ledger_faults()
    assert fault == (
        f"Account {ann.account} has 11 credits available and 0 held, but its entries add up to 10 and 0."
    )


async def test_the_check_finds_a_job_whose_settlement_is_missing(sqlite):
    ann = await person(sqlite, credits=10)
    job = await ann.orders(price=4)

    await sqlite._db.write(lambda db: db.rows("update jobs set state = 'cancelled'"))

    (fault,) = await sqlite.ledger_faults()
    assert fault.startswith(f"Job {job.id} (4 credits) is cancelled, but its entries are 1 hold, 0 capture")


async def test_opening_twice_migrates_once(path):
    for _ in range(2):
        store = SqliteStore(path)
        await store.open()
        version = await store._db.read(lambda db: db.number("pragma user_version"))
        await store.close()

    assert version == scripts.newest()


async def test_a_migration_that_breaks_off_leaves_the_old_database(path, monkeypatch, tmp_path):
    broken = tmp_path / "migrations"
    broken.mkdir()
    (broken / "0001_start.sql").write_text("create table a (x);\ncreate table a (x);\n")
    monkeypatch.setattr(scripts, "FOLDER", broken)

    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        await SqliteStore(path).open()

    with closing(sqlite3.connect(path)) as left:
        assert left.execute("select count(*) from sqlite_master").fetchone() == (0,)


def test_a_trigger_stays_one_statement():
    script = "create table a (x);\ncreate trigger t after insert on a\nbegin\n  select 1;\nend;\n"

    assert len(list(scripts.statements(script))) == 2


def test_a_migration_without_its_last_semicolon_is_refused():
    with pytest.raises(ValueError, match="not complete"):
        list(scripts.statements("create table a (x)"))


async def test_the_tables_moves_are_those_of_the_trigger(sqlite):
    ann = await person(sqlite)
    allowed = set()
    for old in JobState:
        for new in JobState:
            job = await ann.orders()
            if await moves(sqlite, job.id, old, new):
                allowed.add((old, new))

    assert allowed == {(old, new) for old in JobState for new in MOVES[old]} | {(s, s) for s in JobState}


async def moves(store, job, old, new) -> bool:
    async def work(db) -> None:
        if old != "queued":  # through running, from where every state is reached
            await db.rows("update jobs set state = 'running' where id = :job", job=job)
        await db.rows("update jobs set state = :old where id = :job", job=job, old=old)
        await db.rows("update jobs set state = :new where id = :job", job=job, new=new)

    try:
        await store._db.write(work)
    except sqlite3.IntegrityError:
        return False
    return True


async def test_opening_waits_for_another_process_that_makes_the_same_new_file(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")

    def let_go(error: sqlite3.Error) -> bool:
        other.close()
        return troubles.is_held(error)

    monkeypatch.setattr(database, "is_held", let_go)
    store = SqliteStore(path)
    await store.open()

    assert await store.accounts() == []
    await store.close()


def test_a_too_old_sqlite_is_named(monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 0))

    with pytest.raises(StorageError, match="too old"):
        asyncio.run(SqliteStore(":memory:").open())
