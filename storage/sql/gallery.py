"""What there is to see: jobs and their pictures, and hiding them."""

import math

from storage.records import Job, JobState, Picture
from storage.sql import starts
from storage.sql.rows import job_of, picture_of
from storage.sql.statements import Statements

HISTORY = """
select * from jobs
where account = :account and deleted_at is null and created_at < :before
order by created_at desc, seq desc limit :limit
"""


async def job(db: Statements, id: str) -> Job | None:
    """Return a job by id."""
    row = await db.row("select * from jobs where id = :id", id=id)
    return job_of(row) if row else None


async def pictures(db: Statements, job: str) -> list[Picture]:
    """Return the job's pictures by index."""
    rows = await db.rows("select * from pictures where job = :job order by place", job=job)
    return [picture_of(row) for row in rows]


async def picture(db: Statements, secret: str) -> Picture | None:
    """Return a picture by its secret."""
    row = await db.row("select * from pictures where secret = :secret", secret=secret)
    return picture_of(row) if row else None


async def history(db: Statements, account: int, before: float | None, limit: int) -> list[Job]:
    """Return the account's visible jobs, newest first."""
    rows = await db.rows(HISTORY, account=account, before=math.inf if before is None else before, limit=limit)
    return [job_of(row) for row in rows]


async def visible(db: Statements, account: int) -> int:
    """Return how many jobs the whole history of an account has."""
    return await db.number(
        "select count(*) from jobs where account = :account and deleted_at is null", account=account
    )


async def newest(db: Statements, limit: int) -> list[Job]:
    """Return everybody's jobs, newest first."""
    rows = await db.rows("select * from jobs order by seq desc limit :limit", limit=limit)
    return [job_of(row) for row in rows]


async def delete(db: Statements, job: str, now: float) -> list[str]:
    """Hide an ended job and forget its pictures; return the contents that it needed."""
    hidden = await db.rows(
        """
        update jobs set deleted_at = :now
        where id = :job and deleted_at is null and state in (:succeeded, :failed, :cancelled)
        returning id
        """,
        job=job,
        now=now,
        succeeded=JobState.SUCCEEDED,
        failed=JobState.FAILED,
        cancelled=JobState.CANCELLED,
    )
    if not hidden:
        return []
    forgotten = await db.rows("delete from pictures where job = :job returning sha256", job=job)
    begun = await starts.let_go(db, job)
    return [*(row["sha256"] for row in forgotten), *begun]


async def forget_pictures(db: Statements, job: str) -> list[str]:
    """Forget an ended job's pictures and keep the job; return the contents that they were."""
    forgotten = await db.rows(
        """
        delete from pictures where job = :job
            and exists (select 1 from jobs where id = :job and ended_at is not null)
        returning sha256
        """,
        job=job,
    )
    return [row["sha256"] for row in forgotten]


async def ended_before(db: Statements, before: float, limit: int) -> list[str]:
    """Return ids of jobs that ended before a time and are not deleted, oldest first."""
    rows = await db.rows(
        "select id from jobs where ended_at < :before and deleted_at is null order by ended_at limit :limit",
        before=before,
        limit=limit,
    )
    return [row["id"] for row in rows]
