"""What SQLite's errors mean to the owner, in one sentence each."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from storage.store import StorageError

PRIMARY = 0xFF  # the low byte of an extended result code
HELD = "Another program is holding {path}. Close it, or try again in a moment."

SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk is full: {path} cannot grow. Free some space; nothing was lost.",
    sqlite3.SQLITE_BUSY: HELD,
    sqlite3.SQLITE_LOCKED: HELD,
    sqlite3.SQLITE_READONLY: "{path} cannot be written. Check its owner, its rights and the disk.",
    sqlite3.SQLITE_PERM: "{path} cannot be read. Check its owner and its rights.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened. Check that its folder exists and can be written.",
    sqlite3.SQLITE_IOERR: "The disk failed or is full: {path} could not be read or written. Check the disk.",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged. Put a backup in its place.",
    sqlite3.SQLITE_NOTADB: "{path} is not a database, or is damaged. Put a backup in its place.",
}

# After these an open connection may stay broken when the trouble is over.
BREAKING = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


@contextmanager
def told(path: str) -> Iterator[None]:
    """Raise StorageError for a trouble of the world; a bug of ours rises as it is."""
    try:
        yield
    except sqlite3.Error as error:
        sentence = SENTENCES.get(_code(error))
        if sentence is None:
            raise
        raise StorageError(sentence.format(path=path)) from error


def needs_reconnect(error: Exception) -> bool:
    """Whether the connection must be made anew before it is used again."""
    return isinstance(error, sqlite3.Error) and _code(error) in BREAKING


def is_held(error: sqlite3.Error) -> bool:
    """Whether another connection's lock was in the way."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _code(error: sqlite3.Error) -> int:
    extended: int = getattr(error, "sqlite_errorcode", -1)  # the module's own errors carry no code
    return extended & PRIMARY if extended >= 0 else -1
