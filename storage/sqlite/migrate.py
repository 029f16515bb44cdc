"""The numbered migrations on SQLite: each applied once, all in one transaction."""

from storage.sql.scripts import missing, newest
from storage.sql.statements import Statements
from storage.store import StorageError

# In one statement: between two, another process may finish its migrations.
VERSION_AND_TABLES = (
    "select (select user_version from pragma_user_version), (select count(*) from sqlite_master)"
)


async def refuse_strangers(db: Statements, path: str) -> None:
    """Raise StorageError when a newer Pinxit wrote the file, or another program did.

    Nothing has been written to the file by then.
    """
    version, tables = (await db.rows(VERSION_AND_TABLES))[0]
    if version > newest():
        raise StorageError(
            f"{path} was written by a newer Pinxit (version {version}; this one knows {newest()}). "
            "Update Pinxit, or choose another data folder."
        )
    if version == 0 and tables:
        raise StorageError(f"{path} is another program's database. Choose another data folder.")


async def to_newest(db: Statements) -> None:
    """Apply what is missing, inside the caller's transaction."""
    for number, statements in missing(await db.number("pragma user_version")):
        for statement in statements:
            await db.rows(statement)
        await db.rows(f"pragma user_version = {number:d}")
