"""How jobs end: the state, the pictures and the ledger's entry in one transaction, fenced by the attempt."""

from collections.abc import Sequence
from dataclasses import replace

from generator.messages import Fault
from storage import fair, ledger
from storage.records import MOVES, CancelOutcome, Entry, Job, JobState, Picture
from storage.sql import money, shares
from storage.sql.holding import ACCOUNT, CHANGED, held
from storage.sql.rows import job_of
from storage.sql.statements import Row, Said, Statements, said

# A job, and what its account has in line. The account is held first, so that nobody waits in a circle.
HELD = f"""
with {ACCOUNT.format("select account from jobs where id = :job")},
job as (select jobs.* from me, jobs where jobs.id = :job /*pg: for update of jobs */)
select job.*, me.weight as account_weight, {shares.IN_LINE}, {CHANGED} from me, job, clock
"""  # noqa: S608 - our own words

END = """
update jobs set state = :state, ended_at = :ended_at, fault = :fault, draw_seconds = :draw_seconds,
    lease = null
where id = :job
"""


async def running(db: Statements, job: str, attempt: int) -> Row | None:
    """Return the row of a running job, held; None when this attempt no longer holds it."""
    row = await held(db, HELD, job=job)
    return row if row and (row["state"], row["attempt"]) == (JobState.RUNNING, attempt) else None


async def succeed(
    db: Statements, row: Row, pictures: Sequence[Picture], draw_seconds: float, now: float
) -> Job:
    """Keep the pictures, spend the hold, and charge the account's share with the real cost."""
    job = job_of(row)
    ended = replace(job.moved_to(JobState.SUCCEEDED), ended_at=now, draw_seconds=draw_seconds)
    cost = fair.correction(row["charge"], draw_seconds, row["account_weight"] * row["weight"])
    await db.together(
        *map(_kept, pictures), *shares.corrected(row, cost), *_ended(ended, ledger.capture(job, now))
    )
    return ended


async def fail(db: Statements, row: Row, fault: Fault, now: float) -> Job:
    """End without a picture; the hold comes back."""
    job = job_of(row)
    ended = replace(job.moved_to(JobState.FAILED), ended_at=now, fault=fault)
    await db.together(*_ended(ended, ledger.release(job, now)))
    return ended


async def end_cancelled(db: Statements, row: Row, now: float, *also: Said) -> Job:
    """End as cancelled; the hold comes back."""
    job = job_of(row)
    ended = replace(job.moved_to(JobState.CANCELLED), ended_at=now)
    await db.together(*also, *_ended(ended, ledger.release(job, now)))
    return ended


async def cancel_at_once(db: Statements, job: str, now: float) -> Job | None:
    """Cancel a job that is unfinished, were it claimed this moment: what comes of that is late."""
    row = await held(db, HELD, job=job)
    if row is None or JobState.CANCELLED not in MOVES[JobState(row["state"])]:
        return None
    return await end_cancelled(db, row, now, *shares.corrected(row, -row["charge"]))


async def cancel(db: Statements, job: str, now: float) -> CancelOutcome:
    """Cancel a queued job; note the wish on a running one."""
    row = await held(db, HELD, job=job)
    if row is None:
        return CancelOutcome.ENDED
    match JobState(row["state"]):
        case JobState.QUEUED:
            await end_cancelled(db, row, now, *shares.corrected(row, -row["charge"]))
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


def _ended(ended: Job, settlement: Entry) -> tuple[Said, Said]:
    state = said(
        END,
        state=ended.state,
        ended_at=ended.ended_at,
        fault=ended.fault,
        draw_seconds=ended.draw_seconds,
        job=ended.id,
    )
    return state, money.entered(settlement)


def _kept(picture: Picture) -> Said:
    return said(
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
