"""Numbered migrations: `migrations/0001_….sql` and on, each applied once, all in one transaction."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from storage.sqlite.statements import Statements
from storage.store import StorageError

FOLDER = Path(__file__).with_name("migrations")

# In one statement: between two, another process may finish its migrations.
VERSION_AND_TABLES = (
    "select (select user_version from pragma_user_version), (select count(*) from sqlite_master)"
)


def migrations() -> list[tuple[int, Path]]:
    """Return the migrations there are, in order."""
    return sorted((int(file.name[:4]), file) for file in FOLDER.glob("[0-9]*.sql"))


def newest() -> int:
    """Return the number of the last migration: the version this program writes."""
    return migrations()[-1][0]


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
    version = await db.number("pragma user_version")
    for number, file in migrations():
        if number > version:
            for statement in statements(file.read_text(encoding="utf-8")):
                await db.rows(statement)
            await db.rows(f"pragma user_version = {number:d}")


def statements(script: str) -> Iterator[str]:
    """Cut a script into its statements; a trigger's body stays whole."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"The last statement of a migration is not complete: {statement.strip()[:60]}")
