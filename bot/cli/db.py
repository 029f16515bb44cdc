"""`pinxit db`: what the database is and holds, its migrations, and the way from SQLite to PostgreSQL."""

import asyncio

from bot.cli.owner import must_be_begun, with_store
from bot.databases import copy_from_file, version_of
from bot.settings import Settings
from bot.trouble import Trouble
from storage.folder_lock import FolderLock
from storage.sql.scripts import newest
from storage.store import Store

OLDER = (
    "at version {found}. The next start, or `pinxit db migrate`, brings it to {newest}, and only a backup"
    " leads back: make one first."
)
NO_TARGET = "Set PINXIT_DATABASE to the PostgreSQL database that everything is to be copied to."


def migrate(settings: Settings) -> None:
    """Bring the database up to this program's version; every start does it too."""
    with_store(settings, _nothing, begin=True)
    print(f"{name_of(settings)} is at version {newest()}.")  # noqa: T201 - the command's answer


def status(settings: Settings) -> None:
    """Print which database it is, its version, and what it holds; nothing is changed."""
    must_be_begun(settings)
    if (found := asyncio.run(version_of(settings))) < newest():
        print(f"{name_of(settings)} is reached and {OLDER.format(found=found, newest=newest())}")  # noqa: T201
        return
    held = with_store(settings, _held)
    print(f"{name_of(settings)} is reached and at version {newest()}.\n{held}")  # noqa: T201 - the same


def copy(settings: Settings) -> None:
    """Copy the data folder's SQLite file into an empty PostgreSQL database, and check every sum."""
    if settings.database_url is None:
        raise Trouble(NO_TARGET)
    if not settings.database.exists():
        raise Trouble(f"There is nothing to copy: {settings.database} does not exist.")
    with FolderLock(settings.data):  # what is written meanwhile would be left behind
        copied = asyncio.run(copy_from_file(settings.database, settings.database_url.get_secret_value()))
    rows = "\n".join(f"  {table}: {count}" for table, count in copied.items() if count)
    print(f"Copied, and every count and credit is the same on both sides:\n{rows}")  # noqa: T201 - the same


def name_of(settings: Settings) -> str:
    """Return how the database is called to people."""
    if settings.database_url is None:
        return str(settings.database)
    from storage.postgresql.database import place_of  # noqa: PLC0415 - the same

    return place_of(settings.database_url.get_secret_value())


async def _held(store: Store) -> str:
    backlog = await store.oversight.backlog()
    faults = await store.ledger_faults()
    waiting = sum(each.jobs for each in backlog.waiting)
    ledger = f"{len(faults)} faults; the first: {faults[0]}" if faults else "every credit is accounted for"
    return (
        f"{backlog.accounts} accounts with {backlog.available} credits and {backlog.held} held; "
        f"{waiting} unfinished jobs; ledger: {ledger}."
    )


async def _nothing(_: Store) -> None:
    """Opening was all."""
