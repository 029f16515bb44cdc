"""The numbered migrations on PostgreSQL: each applied once, by one process at a time."""

from pathlib import Path

from storage.postgresql.dialect import definition
from storage.sql.scripts import missing, newest
from storage.sql.statements import Statements
from storage.store import StorageError

FUNCTIONS = Path(__file__).with_name("functions.sql")
ALONE = "select pg_advisory_xact_lock(:lock)"
LOCK = 0x70696E786974  # "pinxit"
KNOWN = "select to_regclass('pinxit_version') is not null"
TABLES = "select count(*) from pg_tables where schemaname = current_schema()"

# After rows were put in with their numbers, the next number is one that nobody has.
COLUMNS = """
select table_name as "table", column_name as "column" from information_schema.columns
where table_schema = current_schema() and is_identity = 'YES'
"""
NEXT = """
select setval(pg_get_serial_sequence('{table}', '{column}'), coalesce(max({column}), 0) + 1, false)
from {table}
"""


async def version(db: Statements) -> int:
    """Return the number of the last migration that was applied; 0 for an empty database."""
    ((known,),) = await db.rows(KNOWN)
    return await db.number("select version from pinxit_version") if known else 0


async def to_newest(db: Statements, place: str) -> None:
    """Apply what is missing, inside the caller's transaction. Raises StorageError for strangers."""
    await db.rows(ALONE, lock=LOCK)
    now = await version(db)
    await _refuse_strangers(db, place, now)
    if now == 0:
        await db.rows("create table pinxit_version (version bigint not null)")
        await db.rows("insert into pinxit_version values (0)")
    for function in FUNCTIONS.read_text(encoding="utf-8").split("\n\n"):
        await db.rows(function)
    for number, statements in missing(now):
        for statement in statements:
            for own in definition(statement):
                await db.rows(own)
        await db.rows("update pinxit_version set version = :number", number=number)
    if now != newest():
        await count_on(db)


async def count_on(db: Statements) -> None:
    """Let every counter go on behind the largest number there is."""
    for row in await db.rows(COLUMNS):
        await db.rows(NEXT.format(table=row["table"], column=row["column"]))


async def _refuse_strangers(db: Statements, place: str, version: int) -> None:
    if version > newest():
        raise StorageError(
            f"{place} was written by a newer Pinxit (version {version}; this one knows {newest()}). "
            "Update Pinxit, or choose another database."
        )
    if version == 0 and await db.number(TABLES):
        raise StorageError(f"{place} is another program's database. Choose another one.")
