"""Which bots live, whose posts are whose, and the rates that they keep together."""

import json
from collections.abc import Collection, Mapping, Sequence

from storage.records import Job, Post
from storage.sql.rows import job_of, post_of
from storage.sql.statements import Database, Row, Statements, Value, said

NEVERMIND_SECONDS = 1e-6  # rounding: seconds since 1970 are no finer as floating point numbers
PREVIEW_SECONDS = 60.0

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

FORGET_BUCKETS = f"delete from buckets where full_at < {NOW}"  # noqa: S608 - the same
FORGET_PREVIEWS = f"delete from previews where shown_at < {NOW} - {PREVIEW_SECONDS}"  # noqa: S608 - the same
FORGET_ARRIVALS = f"delete from arrivals where until < {NOW}"  # noqa: S608 - the same
# When the bucket would be full again, were one more put in.
FULL_AT = f"max(buckets.full_at, {NOW}) + :interval"
TAKE = f"""
insert into buckets (key, full_at) values (:key, {NOW} + :interval)
on conflict (key) do update set full_at = {FULL_AT} where {FULL_AT} - {NOW} <= :most
returning full_at
"""  # noqa: S608 - our own words
WAIT = f"select {FULL_AT} - {NOW} - :most as seconds from buckets where key = :key"  # noqa: S608 - the same


class Full(Exception):
    """A bucket has no room for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no room for {seconds} seconds")
        self.seconds = seconds


async def beat(db: Statements, name: str, seconds: float, now: float) -> None:
    """Say that a bot lives for so many seconds more; forget what says nothing any more."""
    await db.rows(BEAT, name=name, seconds=float(seconds), now=now)
    await db.rows(FORGET, now=now)
    for statement in (FORGET_BUCKETS, FORGET_PREVIEWS, FORGET_ARRIVALS):
        await db.rows(statement, now=now)


async def leave(db: Statements, name: str) -> None:
    """Say that a bot is gone, and that all it held may be taken."""
    await db.rows("delete from holders where name = :name", name=name)


async def adopt(db: Statements, me: str, platforms: Collection[str], now: float) -> list[tuple[Post, Job]]:
    """Take these platforms' posts that no living bot holds; return those of mine whose end is to be shown."""
    await db.rows(ADOPT, me=me, platforms=json.dumps(sorted(platforms)), now=now)
    rows = await db.rows(MINE, me=me)
    found = [(await db.row("select * from posts where id = :post", post=row["post"]), row) for row in rows]
    return [(post_of(post), job_of(row)) for post, row in found if post is not None]


async def take(db: Database, buckets: Mapping[str, tuple[float, int]], now: float) -> float:
    """Count one in each bucket and return 0, or count nothing and return the seconds to wait."""
    taken = [_values(key, interval, burst, now) for key, (interval, burst) in sorted(buckets.items())]
    if len(taken) == 1:
        (values,) = taken
        counted = await db.at_once(said(TAKE, **values))
        return 0.0 if counted else await db.read(lambda statements: _wait(statements, values))
    try:
        await db.write(lambda statements: _take(statements, taken))
    except Full as full:
        return full.seconds
    return 0.0


async def wait_seconds(db: Database, key: str, bucket: tuple[float, int], now: float) -> float:
    """Return in how many seconds one more could be counted in a bucket; count nothing."""
    values = _values(key, *bucket, now)
    row = await db.read(lambda statements: statements.row(WAIT, **values))
    return _seconds(row)


async def _take(db: Statements, taken: Sequence[Mapping[str, Value]]) -> None:
    """Count one in each bucket. Raises Full, which undoes it all."""
    for values in taken:
        if not await db.rows(TAKE, **values):
            raise Full(await _wait(db, values))


async def _wait(db: Statements, values: Mapping[str, Value]) -> float:
    """Return for how many seconds there is no room in a bucket that had none."""
    return NEVERMIND_SECONDS + _seconds(await db.row(WAIT, **values))


def _seconds(row: Row | None) -> float:
    return 0.0 if row is None else max(0.0, float(row["seconds"]))


def _values(key: str, interval: float, burst: int, now: float) -> Mapping[str, Value]:
    return {"key": key, "interval": interval, "most": burst * interval + NEVERMIND_SECONDS, "now": now}
