"""A consistent copy of a database file while others write to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from storage.store import StorageError


def copy_database(source: Path, target: Path) -> None:
    """Write all of the source, as it stands at one moment, to a new file. Raises StorageError."""
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30.0)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)  # all pages in one step: nobody's writing can come between
            copy.execute("pragma journal_mode = delete")  # one file, no log beside it
            faults = [row[0] for row in copy.execute("pragma quick_check")]
    except sqlite3.Error as error:
        raise StorageError(f"{source} cannot be copied: {error}.") from error
    if faults != ["ok"]:
        raise StorageError(f"{source} is damaged: {faults[0]}.")
