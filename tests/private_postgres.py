"""A PostgreSQL server of the test run's own, and databases on it that are made once and emptied after use."""

import asyncio
import itertools
import os
from pathlib import Path

from storage.postgresql import PostgresStore
from storage.postgresql.private import PrivateServer

MISSING = "PostgreSQL's server is not installed (on Debian and Ubuntu: sudo apt-get install postgresql)"
TEMPLATE = "pinxit_template"
# What was committed survives the server's death, though not the machine's: a test needs no more.
OPTIONS = ("fsync=off", "shared_buffers=64MB")
THROW_OUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""
CLEAR = """
do $$
declare each record;
begin
    set session_replication_role = replica;
    for each in select tablename from pg_tables where schemaname = 'public' loop
        if each.tablename not in ('pinxit_version', 'clock') then
            execute format('delete from %I', each.tablename);
        end if;
    end loop;
    update clock set now = 0.0;
    for each in select sequencename from pg_sequences where schemaname = 'public' loop
        execute format('alter sequence %I restart', each.sequencename);
    end loop;
    reset session_replication_role;
end $$
"""


class Server(PrivateServer):
    """One for all tests; each test has a database to itself."""

    def __init__(self, programs: Path) -> None:
        super().__init__(programs, OPTIONS)
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        asyncio.run(_migrated(self.make(TEMPLATE)))

    def empty(self) -> str:
        """Return the address of a new database that nobody has opened."""
        return self.make(self._name())

    def migrated(self) -> str:
        """Return the address of a database with all tables and nothing in them."""
        return self._free.pop() if self._free else self.make(self._name(), TEMPLATE)

    def clear(self, url: str) -> None:
        """Empty a migrated database, which is quicker than making another."""
        self.psql(THROW_OUT, CLEAR, database=name_in(url))
        self._free.append(url)

    def _name(self) -> str:
        return f"t{os.getpid()}_{next(self._numbers)}"


async def _migrated(url: str) -> None:
    store = PostgresStore(url, pool=1)
    await store.open()
    await store.close()


def name_in(url: str) -> str:
    """Return the database's name."""
    return url.split("@/")[1].split("?", maxsplit=1)[0]
