"""The queue: claiming in virtual-time order, giving back, and how it looks from outside."""

import json
from collections.abc import Collection

from storage import fair
from storage.records import Job, JobState, Place
from storage.sql import settling
from storage.sql.company import ALIVE
from storage.sql.rows import job_of
from storage.sql.statements import Database, Row, Statements, said

# The first in line, or shortly behind it the first who wears what is on already.
CLAIM = """
with head as (
    select seq, tag, loras, created_at from jobs where state = 'queued' order by tag, seq limit 1
    /*pg: for update skip locked */),
hot as (
    select seq from jobs where state = 'queued' and loras = :worn
        and tag <= (select tag + :window from head where loras <> :worn and created_at > :since)
    order by tag, seq limit 1
    /*pg: for update skip locked */)
update jobs set state = 'running', attempt = attempt + 1, lease = :lease
where seq = coalesce((select seq from hot), (select seq from head))
returning *
"""
# Those who may be drawn before the first in line.
NEAR = """
select * from jobs where state = 'queued'
    and tag <= (select min(tag) from jobs where state = 'queued') + :window
order by tag, seq limit :limit
"""
JOIN = """
update jobs set state = 'running', attempt = attempt + 1, lease = :lease
where seq in (
    select seq from jobs where state = 'queued' and id in (select value from json_each(:jobs))
    /*pg: for update skip locked */)
returning *
"""
# The clock moves on to the first tag in line before the claim: who is passed over is still first then, and
# newcomers start no later than that. Another claim that moves it at the same moment is not waited for.
CLOCK = """
update clock set now = first.tag
from (select tag from jobs where state = 'queued' order by tag, seq limit 1) as first
where now < first.tag and id in (select id from clock /*pg: for no key update skip locked */)
"""

ABANDONED = f"""
select * from jobs where state = 'running' and case
    when lease is null then true
    when lease = :lease then :orphans = 1 and id not in (select value from json_each(:holding))
    else not {ALIVE.format("jobs.lease")} end
order by seq /*pg: for update skip locked */
"""  # noqa: S608 - our own words

TO_STOP = "select id from jobs where state = 'running' and lease = :lease and cancel_asked_at is not null"

# Everything that will be drawn before a queued job; no row when the job is not queued.
AHEAD = """
with me as (select tag, seq from jobs where id = :job and state = 'queued'),
    running as (select count(*) as jobs, total(cost_seconds) as seconds from jobs where state = 'running'),
    before as (
        select count(*) as jobs, total(cost_seconds) as seconds from jobs
        where state = 'queued' and (tag, seq) < ((select tag from me), (select seq from me)))
select running.jobs + before.jobs as jobs, running.seconds + before.seconds as seconds
from me, running, before
"""

IN_ORDER = """
select * from (select * from jobs where state = 'running' order by seq limit :limit) as running
union all
select * from (select * from jobs where state = 'queued' order by tag, seq limit :limit) as waiting
limit :limit
"""


async def claim(db: Database, lease: str, now: float, worn: str) -> Job | None:
    """Give the next job to the holder of `lease`, and move the clock on."""
    since, window = now - fair.LONGEST_SKIP_SECONDS, fair.HOT_WINDOW_SECONDS
    claimed = said(CLAIM, lease=lease, worn=worn, since=since, window=window)
    rows = await db.at_once(said(CLOCK), claimed)
    return job_of(rows[0]) if rows else None


async def near(db: Statements, limit: int) -> list[Job]:
    """Return the first in line, and those so shortly behind that they may be drawn before."""
    rows = await db.rows(NEAR, window=fair.HOT_WINDOW_SECONDS, limit=limit)
    return [job_of(row) for row in rows]


async def join(db: Database, lease: str, jobs: Collection[str]) -> list[Job]:
    """Give those of the jobs that are still queued to the holder of `lease`, in their order."""
    joining = said(JOIN, lease=lease, jobs=json.dumps(sorted(jobs)))
    rows = await db.at_once(said(CLOCK), joining)
    return [job_of(row) for row in sorted(rows, key=lambda row: (row["tag"], row["seq"]))]


async def give_back(db: Statements, job: str, attempt: int, *, lost: bool) -> Job | None:
    """Queue a running job again at its old place, or cancel it where that was asked for."""
    row = await settling.running(db, job, attempt)
    if row is None:
        return None
    if row["cancel_asked_at"] is not None:
        return await settling.end_cancelled(db, row, row["cancel_asked_at"])
    return await _queue_again(db, row, losses=1 if lost else 0)


async def recover(db: Statements, lease: str, holding: Collection[str] | None, now: float) -> list[Job]:
    """Queue again what nobody living holds, and what `lease` holds beside `holding`. Cancelled jobs end."""
    known = json.dumps(sorted(holding or ()))
    rows = await db.rows(ABANDONED, lease=lease, orphans=int(holding is not None), holding=known, now=now)
    return [
        await _queue_again(db, row, losses=0)
        if row["cancel_asked_at"] is None
        else await settling.end_cancelled(db, row, now)
        for row in rows
    ]


async def place(db: Statements, job: str) -> Place | None:
    """Return what is ahead of a queued job."""
    row = await db.row(AHEAD, job=job)
    return Place(ahead=row["jobs"], seconds_ahead=row["seconds"]) if row else None


async def in_order(db: Statements, limit: int) -> list[Job]:
    """Return unfinished jobs in the order they will be drawn, running ones first."""
    return [job_of(row) for row in await db.rows(IN_ORDER, limit=limit)]


async def length(db: Statements) -> int:
    """Count the queued jobs."""
    return await db.number("select count(*) from jobs where state = 'queued'")


async def _queue_again(db: Statements, row: Row, losses: int) -> Job:
    job_of(row).moved_to(JobState.QUEUED)
    (again,) = await db.rows(
        """
        update jobs set state = 'queued', lease = null, losses = losses + :losses
        where seq = :seq returning *
        """,
        seq=row["seq"],
        losses=losses,
    )
    return job_of(again)
