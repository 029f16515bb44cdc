"""Databases with ended jobs, as the verbs would have left them: hold and capture, a shown post, a picture."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg

from storage.bench.orders import RECIPE, SCATTERED, ZEROS
from storage.sql.rows import recipe_text

# Written for both engines. What it says of sums is done by SQLite's trigger; see `fill_postgres`.
# As with real ones, the ids of jobs are in order, and the names of contents in none.
HISTORY = (
    """
    insert into ledger (key, account, kind, available, held, note, created_at)
        select 'grant:bench' || id, id, 'grant', 1000000000, 0, '', 0.0 from accounts
    """,
    """
    insert into jobs (id, key, account, recipe, count, format, price, cost_seconds, state, attempt, tag,
            charge, created_at, ended_at, draw_seconds)
        with recursive n (i) as (select 1 union all select i + 1 from n where i < {rows})
        select 'history' || i, 'key' || i, (select min(id) from accounts) + i % {accounts}, '{recipe}', 1,
            'png', 15, 2.0, 'succeeded', 1, 0.0, 2.0, i * 1.0, i + 2.0, 2.0 from n
    """,
    """
    insert into ledger (key, account, kind, available, held, job, note, created_at)
        select 'hold:' || id, account, 'hold', -price, price, id, '', created_at from jobs
    """,
    """
    insert into ledger (key, account, kind, available, held, job, note, created_at)
        select 'capture:' || id, account, 'capture', 0, -price, id, '', ended_at from jobs
    """,
    """
    insert into posts (job, platform, address, language, rung)
        select id, 'web', '{{"tab": 1}}', 'en', 'edited' from jobs
    """,
    """
    insert into pictures (job, place, sha256, format, width, height, size_bytes, truncated, secret)
        select id, 0, cast({number} as text) || '{zeros}', 'png', 256, 256, 90000, 0,
            cast({number} as text) || id from jobs
    """,
)
SUMS = """
update accounts set available = sums.available, held = sums.held
from (select account, sum(available) as available, sum(held) as held from ledger group by account) as sums
where sums.account = accounts.id
"""


async def fill_sqlite(path: Path, rows: int, accounts: int) -> None:
    """Put so many ended jobs into a file, which is on disk afterwards."""
    await asyncio.to_thread(_fill_file, path, rows, accounts)


def _fill_file(path: Path, rows: int, accounts: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = off")
        connection.execute("begin")
        for statement in _statements(rows, accounts):
            connection.execute(statement)
        connection.execute("commit")
        connection.execute("pragma synchronous = full")  # else it is written while others are measured
        connection.execute("pragma wal_checkpoint(truncate)")


async def fill_postgres(url: str, rows: int, accounts: int) -> None:
    """Put so many ended jobs into a database, which is vacuumed afterwards.

    The ledger's trigger rests meanwhile: a row changed a million times in one transaction is a million rows.
    """
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("alter table ledger disable trigger user")
            for statement in _statements(rows, accounts):
                await connection.execute(statement)
            await connection.execute(SUMS)
            await connection.execute("alter table ledger enable trigger user")
        await connection.execute("vacuum (analyze)")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


def _statements(rows: int, accounts: int) -> list[str]:
    recipe = recipe_text(RECIPE).replace("'", "''")
    number = SCATTERED.format("seq")
    return [
        each.format(rows=rows, accounts=accounts, recipe=recipe, number=number, zeros=ZEROS)
        for each in HISTORY
    ]
