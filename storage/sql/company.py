"""Which bots live, whose posts are whose, and the rates that they keep together."""

import json
from collections.abc import Collection, Mapping

from storage.records import Job, Post
from storage.sql.rows import job_of, post_of
from storage.sql.statements import Statements

NEVERMIND_SECONDS = 1e-9  # rounding, closer than any clock tells

# The database's clock where several bots ask: theirs may differ.
NOW = "coalesce(null/*pg: , cast(extract(epoch from clock_timestamp()) as double precision)*/, :now)"

BEAT = f"""
insert into holders (name, until) values (:name, {NOW} + :seconds)
on conflict (name) do update set until = excluded.until
"""  # noqa: S608 - our own words
FORGET = f"delete from holders where until < {NOW} - 3600.0"  # noqa: S608 - the same

ALIVE = f"exists (select 1 from holders where holders.name = {{}} and holders.until > {NOW})"  # noqa: S608 - the same

# What nobody living will show: its bot is gone. A bot that is not on a platform leaves that one's to others.
ADOPT = f"""
update posts set holder = :me where id in (
    select id from posts where rung is null and platform in (select value from json_each(:platforms))
        and (holder is null or (holder <> :me and not {ALIVE.format("posts.holder")}))
    /*pg: for update skip locked */)
"""  # noqa: S608 - the same
MINE = """
select jobs.*, posts.id as post
from posts cross join jobs
where jobs.id = posts.job and posts.rung is null and posts.holder = :me
    and jobs.ended_at is not null and jobs.deleted_at is null
order by jobs.ended_at, jobs.seq
"""

TAKE = """
insert into buckets (key, full_at)
values (:key, cast(:now as double precision) + cast(:interval as double precision))
on conflict (key) do update set full_at = max(buckets.full_at, :now) + :interval
where max(buckets.full_at, :now) + :interval - :now <= :most
returning full_at
"""


class Full(Exception):
    """A bucket has no room for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no room for {seconds} seconds")
        self.seconds = seconds


async def beat(db: Statements, name: str, seconds: float, now: float) -> None:
    """Say that a bot lives for so many seconds more; forget what says nothing any more."""
    await db.rows(BEAT, name=name, seconds=float(seconds), now=now)
    await db.rows(FORGET, now=now)
    await db.rows("delete from buckets where full_at < :now", now=now)


async def leave(db: Statements, name: str) -> None:
    """Say that a bot is gone, and that all it held may be taken."""
    await db.rows("delete from holders where name = :name", name=name)


async def adopt(db: Statements, me: str, platforms: Collection[str], now: float) -> list[tuple[Post, Job]]:
    """Take these platforms' posts that no living bot holds; return those of mine whose end is to be shown."""
    await db.rows(ADOPT, me=me, platforms=json.dumps(sorted(platforms)), now=now)
    rows = await db.rows(MINE, me=me)
    found = [(await db.row("select * from posts where id = :post", post=row["post"]), row) for row in rows]
    return [(post_of(post), job_of(row)) for post, row in found if post is not None]


async def take(db: Statements, buckets: Mapping[str, tuple[float, int]], now: float) -> None:
    """Count one in each bucket. Raises Full, which undoes it all."""
    for key, (interval, burst) in sorted(buckets.items()):
        most = burst * interval + NEVERMIND_SECONDS
        if not await db.rows(TAKE, key=key, interval=interval, most=most, now=now):
            (row,) = await db.rows("select full_at from buckets where key = :key", key=key)
            raise Full(max(0.0, float(row["full_at"]) + interval - now - burst * interval))
