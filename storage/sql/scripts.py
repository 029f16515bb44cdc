"""The numbered migrations: `migrations/0001_….sql` and on, written once, in SQLite's words."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).with_name("migrations")


def migrations() -> list[tuple[int, Path]]:
    """Return the migrations there are, in order."""
    return sorted((int(file.name[:4]), file) for file in FOLDER.glob("[0-9]*.sql"))


def newest() -> int:
    """Return the number of the last migration: the version this program writes."""
    return migrations()[-1][0]


def missing(version: int) -> Iterator[tuple[int, Iterator[str]]]:
    """Yield what a database of that version lacks: numbers, each with its statements."""
    for number, file in migrations():
        if number > version:
            yield number, statements(file.read_text(encoding="utf-8"))


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
