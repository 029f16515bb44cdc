"""Which database the settings name. An engine's library is loaded only where it is the one."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.settings import Settings
from storage.sql.store import SqlStore


def store_at(settings: Settings) -> SqlStore:
    """Return the store, not yet open."""
    if settings.database_url is None:
        from storage.sqlite import SqliteStore  # noqa: PLC0415 - PostgreSQL does without

        return SqliteStore(settings.database)
    from storage.postgresql import PostgresStore  # noqa: PLC0415 - costs 0.1 s and 8 MB, seldom needed

    return PostgresStore(settings.database_url.get_secret_value(), settings.database_pool)


def is_begun(settings: Settings) -> bool:
    """Say whether there is a database to look at; only a file is seen without asking a server."""
    return settings.database_url is not None or settings.database.exists()


async def version_of(settings: Settings) -> int:
    """Return the number of the last migration that was applied to the database, which stays as it is."""
    if settings.database_url is None:
        from storage.sqlite.copying import version_of as of_file  # noqa: PLC0415 - the same

        return await asyncio.to_thread(of_file, settings.database)
    from storage.postgresql.saving import version_of as of_server  # noqa: PLC0415 - the same

    return await of_server(settings.database_url.get_secret_value())


async def copy_to_file(url: str, file: Path) -> Mapping[str, int]:
    """Write all of a PostgreSQL database, as it stands at one moment, to a new SQLite file."""
    from storage.postgresql.saving import save  # noqa: PLC0415 - the same

    return await save(url, file)


async def copy_from_file(file: Path, url: str) -> Mapping[str, int]:
    """Write all of a SQLite file into an empty PostgreSQL database."""
    from storage.postgresql.copying import copy_from  # noqa: PLC0415 - the same

    return await copy_from(file, url)


async def make_ready(url: str) -> None:
    """Give an empty PostgreSQL database its tables. Raises StorageError where it is not empty."""
    from storage.postgresql import copying  # noqa: PLC0415 - the same

    await copying.make_ready(url)
