"""SQLite behind the verbs of storage: SQL by hand, one module for each duty."""

from storage.sqlite.engine import SqliteStore

__all__ = ["SqliteStore"]
