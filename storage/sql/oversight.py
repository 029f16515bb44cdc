"""What an owner asks of the whole, in SQL."""

from collections.abc import Sequence

from storage.oversight import Backlog, Flow, Waiting
from storage.records import Job, JobState, Kind
from storage.sql.company import NOW
from storage.sql.rows import job_of
from storage.sql.statements import Database, Statements

WAITING = """
select posts.platform, jobs.state, count(*) as jobs, min(jobs.created_at) as oldest_at
from jobs join posts on posts.job = jobs.id
where jobs.state in ('queued', 'running')
group by posts.platform, jobs.state
order by posts.platform, jobs.state
"""
UNDELIVERED = """
select count(*) from posts join jobs on jobs.id = posts.job
where posts.rung is null and jobs.ended_at is not null
"""
WEBHOOKS = "select count(*) as webhooks, min(created_at) as oldest_at from outbox where ending is null"
PURSES = """
select count(*) as accounts, coalesce(sum(available), 0) as available, coalesce(sum(held), 0) as held
from accounts where joined is null
"""
LAST_ENTRY = "select coalesce(max(seq), 0) from ledger"
FLOW = """
select kind, sum(abs(case when available = 0 then held else available end)) as credits
from ledger where seq > :after and seq <= :last group by kind
"""
CONTENTS = """
select sha256 from pictures where sha256 > :after
union
select sha256 from uploads where sha256 > :after
union
select sha256 from starts where sha256 > :after
order by sha256 limit :limit
"""
BOTS = f"select count(*) from holders where until > {NOW}"  # noqa: S608 - our own words
RUNNING = "select * from jobs where state = 'running' order by seq"


class SqlOversight:
    """A `storage.oversight.Oversight`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def backlog(self) -> Backlog:
        """Count what is not done yet."""
        return await self._db.read_at_length(_backlog)

    async def last_entry(self) -> int:
        """Return the number of the ledger's latest entry."""
        return await self._db.read(lambda db: db.number(LAST_ENTRY))

    async def flow(self, after: int) -> Flow:
        """Sum the entries added after one."""

        async def work(db: Statements) -> Flow:
            last = await db.number(LAST_ENTRY)
            rows = await db.rows(FLOW, after=after, last=last)
            return Flow(last=last, credits={Kind(row["kind"]): int(row["credits"]) for row in rows})

        return await self._db.read_at_length(work)

    async def contents(self, after: str, limit: int) -> Sequence[str]:
        """Return the SHA-256 of contents that are referred to, in order, after one."""
        rows = await self._db.read_at_length(lambda db: db.rows(CONTENTS, after=after, limit=limit))
        return [row["sha256"] for row in rows]

    async def running(self) -> Sequence[Job]:
        """Return every job that some bot has claimed, oldest first."""
        return [job_of(row) for row in await self._db.read(lambda db: db.rows(RUNNING))]

    async def bots(self, now: float) -> int:
        """Count the bots that share the database and live."""
        return await self._db.read(lambda db: db.number(BOTS, now=now))


async def _backlog(db: Statements) -> Backlog:
    (webhooks,) = await db.rows(WEBHOOKS)
    (purses,) = await db.rows(PURSES)
    return Backlog(
        waiting=[
            Waiting(
                platform=row["platform"],
                state=JobState(row["state"]),
                jobs=row["jobs"],
                oldest_at=float(row["oldest_at"]),
            )
            for row in await db.rows(WAITING)
        ],
        undelivered=await db.number(UNDELIVERED),
        webhooks=webhooks["webhooks"],
        oldest_webhook_at=webhooks["oldest_at"],
        accounts=purses["accounts"],
        available=int(purses["available"]),
        held=int(purses["held"]),
    )
