"""What PostgreSQL's errors mean: try again, or one sentence for the owner."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from storage.store import StorageError

# Another transaction was first: run it again, and it sees what the other one did.
CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
)
# The server went away or is not there yet.
LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # used after the server's last word, before the driver has seen the end
)

SENTENCES: tuple[tuple[type[BaseException], str], ...] = (
    (asyncpg.DiskFullError, "The disk of {place} is full. Free some space; nothing was lost."),
    (asyncpg.ReadOnlySQLTransactionError, "{place} cannot be written. Is it a standby?"),
    (asyncpg.InvalidCatalogNameError, "{place} does not exist. Make it with createdb."),
    (asyncpg.InvalidAuthorizationSpecificationError, "{place} does not let us in. Check user and password."),
    (asyncpg.InsufficientPrivilegeError, "{place} does not let us do that. Check the rights of the user."),
    (asyncpg.QueryCanceledError, "{place} took too long to answer. Look at its load."),
    (asyncpg.TooManyConnectionsError, "{place} takes no more connections. Lower PINXIT_DATABASE_POOL."),
    (asyncpg.LockNotAvailableError, "{place} is held by another program. Try again in a moment."),
    (asyncpg.SerializationError, "At {place} too many write the same at once. Try again in a moment."),
    (asyncpg.DeadlockDetectedError, "At {place} too many write the same at once. Try again in a moment."),
    (asyncpg.PostgresIOError, "The disk of {place} failed. Check it."),
    *((kind, "{place} cannot be reached. Check that PostgreSQL runs there.") for kind in LOST),
)


@contextmanager
def told(place: str) -> Iterator[None]:
    """Raise StorageError for a trouble of the world; a bug of ours rises as it is."""
    try:
        yield
    except Exception as error:
        sentence = next((text for kind, text in SENTENCES if isinstance(error, kind)), None)
        if sentence is None:
            raise
        raise StorageError(sentence.format(place=place)) from error


def is_conflict(error: Exception) -> bool:
    """Whether the same work may well succeed at once."""
    return isinstance(error, CONFLICTS)


def is_lost(error: Exception) -> bool:
    """Whether the connection is gone, so that nobody knows what became of the work."""
    return isinstance(error, LOST) and not isinstance(error, asyncpg.DataError)
