"""The verbs of storage on SQLite."""

from pathlib import Path

from storage.company import Alone
from storage.sql.store import SqlStore
from storage.sqlite.database import SqliteDatabase


class SqliteStore(SqlStore):
    """A `storage.store.Store` in one file, or in memory (":memory:")."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(SqliteDatabase(path), Alone())
