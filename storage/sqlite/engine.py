"""The verbs of storage on SQLite."""

from collections.abc import Callable
from pathlib import Path

from storage.company import Alone
from storage.sql.store import SqlStore, new_job_id
from storage.sqlite.database import SqliteDatabase


class SqliteStore(SqlStore):
    """A `storage.store.Store` in one file, or in memory (":memory:").

    `new_id` makes the ids of jobs.
    """

    def __init__(self, path: Path | str, new_id: Callable[[], str] = new_job_id) -> None:
        super().__init__(SqliteDatabase(path), Alone(), new_id)
