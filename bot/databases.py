"""Which database the settings name. PostgreSQL's library is loaded only for one."""

from bot.settings import Settings
from storage.sql.store import SqlStore
from storage.sqlite import SqliteStore


def store_at(settings: Settings) -> SqlStore:
    """Return the store, not yet open."""
    if settings.database_url is None:
        return SqliteStore(settings.database)
    from storage.postgresql import PostgresStore  # noqa: PLC0415 - costs 0.1 s and 8 MB, seldom needed

    return PostgresStore(settings.database_url.get_secret_value(), settings.database_pool)


def is_begun(settings: Settings) -> bool:
    """Say whether there is a database to look at; only a file is seen without asking a server."""
    return settings.database_url is not None or settings.database.exists()
