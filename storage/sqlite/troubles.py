"""What SQLite's errors mean to the owner, in one sentence each."""

import sqlite3

from storage.store import StorageError

PRIMARY = 0xFF  # the low byte of an extended result code

SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk is full: {path} cannot grow. Free some space; nothing was lost.",
    sqlite3.SQLITE_BUSY: "Another program is holding {path}. Close it or try again in a moment.",
    sqlite3.SQLITE_LOCKED: "Another program is holding {path}. Close it or try again in a moment.",
    sqlite3.SQLITE_READONLY: "{path} cannot be written. Check its owner, its rights and the disk.",
    sqlite3.SQLITE_PERM: "{path} cannot be read. Check its owner and its rights.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened. Check that its folder exists and can be written.",
    sqlite3.SQLITE_IOERR: "The disk failed while {path} was read or written. Check the disk.",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged. Put a backup in its place.",
    sqlite3.SQLITE_NOTADB: "{path} is not a database, or is damaged. Put a backup in its place.",
}

# After these, an open connection may stay broken when the trouble is over: a new one is needed.
NEEDS_RECONNECT = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


def trouble(error: sqlite3.Error, path: str) -> StorageError | None:
    """Return the trouble the world has made, or None for a bug of ours."""
    sentence = SENTENCES.get(code(error))
    return StorageError(sentence.format(path=path)) if sentence else None


def code(error: sqlite3.Error) -> int:
    """Return the primary result code, or -1 where SQLite gave none."""
    extended: int = getattr(error, "sqlite_errorcode", -1)  # the module's own errors carry no code
    return extended & PRIMARY if extended >= 0 else -1
