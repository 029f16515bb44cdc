"""How jobs end: the state, the pictures and the ledger's entry in one transaction, fenced by the attempt."""

from collections.abc import Sequence
from dataclasses import replace

from generator.messages import Fault
from storage import fair, ledger
from storage.records import CancelOutcome, Entry, Job, JobState, Picture
from storage.sql import money, shares
from storage.sql.rows import job_of
from storage.sql.statements import Row, Statements

# Who takes both takes the account first, so that nobody waits in a circle.
LOCK_ACCOUNT = """
select 1 from accounts where id = (select account from jobs where id = :job) for no key update
"""
LOCK_JOB = "select 1 from jobs where id = :job for update"


async def lock(db: Statements, job: str) -> None:
    """Let nobody else change the job, nor what its account has in line, until the transaction's end."""
    await db.lock(LOCK_ACCOUNT, job=job)
    await db.lock(LOCK_JOB, job=job)


async def running(db: Statements, job: str, attempt: int) -> Row | None:
    """Return the row of a running job; None when this attempt no longer holds it."""
    await lock(db, job)
    return await db.row(
        "select * from jobs where id = :job and state = 'running' and attempt = :attempt",
        job=job,
        attempt=attempt,
    )


async def succeed(
    db: Statements, row: Row, pictures: Sequence[Picture], draw_seconds: float, now: float
) -> Job:
    """Keep the pictures, spend the hold, and charge the account's share with the real cost."""
    job = job_of(row)
    ended = replace(job.moved_to(JobState.SUCCEEDED), ended_at=now, draw_seconds=draw_seconds)
    await _end(db, ended, ledger.capture(job, now))
    for picture in pictures:
        await _insert_picture(db, picture)
    weight = (await money.account_row(db, job.account))["weight"] * row["weight"]
    await shares.correct(db, row, fair.correction(row["charge"], draw_seconds, weight))
    return ended


async def fail(db: Statements, row: Row, fault: Fault, now: float) -> Job:
    """End without a picture; the hold comes back."""
    job = job_of(row)
    ended = replace(job.moved_to(JobState.FAILED), ended_at=now, fault=fault)
    await _end(db, ended, ledger.release(job, now))
    return ended


async def end_cancelled(db: Statements, row: Row, now: float) -> Job:
    """End as cancelled; the hold comes back."""
    job = job_of(row)
    ended = replace(job.moved_to(JobState.CANCELLED), ended_at=now)
    await _end(db, ended, ledger.release(job, now))
    return ended


async def cancel(db: Statements, job: str, now: float) -> CancelOutcome:
    """Cancel a queued job; note the wish on a running one."""
    await lock(db, job)
    row = await db.row("select * from jobs where id = :job", job=job)
    if row is None:
        return CancelOutcome.ENDED
    match JobState(row["state"]):
        case JobState.QUEUED:
            await end_cancelled(db, row, now)
            await shares.correct(db, row, -row["charge"])
            return CancelOutcome.CANCELLED
        case JobState.RUNNING:
            await _ask_to_stop(db, job, now)
            return CancelOutcome.STOPPING
        case JobState.SUCCEEDED | JobState.FAILED | JobState.CANCELLED:
            return CancelOutcome.ENDED


async def _ask_to_stop(db: Statements, job: str, now: float) -> None:
    await db.rows(
        "update jobs set cancel_asked_at = coalesce(cancel_asked_at, :now) where id = :job",
        job=job,
        now=now,
    )


async def _end(db: Statements, ended: Job, settlement: Entry) -> None:
    await db.rows(
        """
        update jobs set state = :state, ended_at = :ended_at, fault = :fault,
            draw_seconds = :draw_seconds, lease = null
        where id = :job
        """,
        state=ended.state,
        ended_at=ended.ended_at,
        fault=ended.fault,
        draw_seconds=ended.draw_seconds,
        job=ended.id,
    )
    await money.add(db, settlement)


async def _insert_picture(db: Statements, picture: Picture) -> None:
    await db.rows(
        """
        insert into pictures (job, place, sha256, format, width, height, size_bytes, truncated, secret,
            look, colours)
        values (:job, :place, :sha256, :format, :width, :height, :size_bytes, :truncated, :secret,
            :look, :colours)
        """,
        job=picture.job,
        place=picture.index,
        sha256=picture.sha256,
        format=picture.format,
        width=picture.width,
        height=picture.height,
        size_bytes=picture.size_bytes,
        truncated=picture.truncated,
        secret=picture.secret,
        look=picture.look,
        colours=picture.colours,
    )
