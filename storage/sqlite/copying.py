"""A consistent copy of a database file while others write to it, and its version; neither changes it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from storage.sqlite.troubles import told
from storage.store import StorageError


def reading(file: Path) -> str:
    """Return the URI by which SQLite only reads a file, whatever signs are in its path."""
    return f"{file.absolute().as_uri()}?mode=ro"


def version_of(file: Path) -> int:
    """Return the number of the last migration that was applied to a file. Raises StorageError."""
    with told(str(file)), closing(sqlite3.connect(reading(file), uri=True, timeout=30.0)) as opened:
        return int(opened.execute("pragma user_version").fetchone()[0])


def copy_database(source: Path, target: Path) -> None:
    """Write all of the source, as it stands at one moment, to a new file. Raises StorageError."""
    try:
        with (
            closing(sqlite3.connect(reading(source), uri=True, timeout=30.0)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)  # all pages in one step: nobody's writing can come between
            copy.execute("pragma journal_mode = delete")  # one file, no log beside it
            faults = [row[0] for row in copy.execute("pragma quick_check")]
    except sqlite3.Error as error:
        raise StorageError(f"{source} cannot be copied: {error}.") from error
    if faults != ["ok"]:
        raise StorageError(f"{source} is damaged: {faults[0]}.")
