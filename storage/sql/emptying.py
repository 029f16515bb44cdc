"""An account is blocked, or all that it left behind is erased: each in one transaction."""

from storage.records import Account, CancelOutcome, Emptied, Job, JobState, Post, Stopped
from storage.sql import accounts, money, posts, settling, starts
from storage.sql.rows import job_of
from storage.sql.statements import Statements

ERASED = "—"  # a recipe needs some prompt

UNFINISHED = """
select * from jobs
where account = :account and state in ('queued', 'running') and state = :state order by tag, seq
"""

FORGET_PICTURES = """
delete from pictures where job in (select id from jobs where account = :account) returning sha256
"""

FORGET_UPLOADS = "delete from uploads where account = :account returning sha256"

# The identities stay: a block, and the allowance of a day, are not got rid of by erasing.
ERASE = (
    "delete from posts where job in (select id from jobs where account = :account)",
    "delete from outbox where job in (select id from jobs where account = :account)",
    "delete from links where account = :account",
    "update keys set name = '', revoked_at = coalesce(revoked_at, :now) where account = :account",
    """
    update jobs set key = 'erased ' || id, deleted_at = coalesce(deleted_at, :now),
        recipe = json_set(recipe, '$.prompt', :erased, '$.negative_prompt', '', '$.start', null)
    where account = :account
    """,
    "update accounts set name = '', preferences = '{}' where id = :account or joined = :account",
)

Cancelled = tuple[tuple[Job, Post | None], ...]


async def block(db: Statements, account: int, now: float) -> tuple[Account, Stopped] | None:
    """Block an account, cancel what waits and mark what runs as to be stopped."""
    blocked = await accounts.change(db, account, None, blocked=True)
    if blocked is None:
        return None
    cancelled = [*await _cancel_queued(db, blocked.id, now)]
    running: list[str] = []
    for row in await db.rows(UNFINISHED, account=blocked.id, state=JobState.RUNNING):
        match await settling.cancel(db, row["id"], now):
            case CancelOutcome.STOPPING:
                running.append(row["id"])
            case CancelOutcome.CANCELLED:  # it was handed back meanwhile
                (ended,) = await db.rows("select * from jobs where id = :job", job=row["id"])
                cancelled.append((job_of(ended), await posts.of_job(db, row["id"])))
            case CancelOutcome.ENDED:
                pass
    return blocked, Stopped(cancelled=tuple(cancelled), running=tuple(running))


async def erase(db: Statements, account: int, now: float) -> Emptied | None:
    """Forget pictures, prompts, names and addresses; None while a job of the account is running."""
    account = (await money.locked_row(db, account))["id"]
    if await db.rows(UNFINISHED, account=account, state=JobState.RUNNING):
        return None
    cancelled = await _cancel_queued(db, account, now)
    pictures = await db.rows(FORGET_PICTURES, account=account)
    uploads = await db.rows(FORGET_UPLOADS, account=account)
    begun = await starts.erase(db, account)
    jobs = await db.number("select count(*) from jobs where account = :account", account=account)
    for statement in ERASE:
        await db.rows(statement, account=account, now=now, erased=ERASED)
    sent = [row["sha256"] for row in (*pictures, *uploads) if row["sha256"]]
    return Emptied(cancelled=cancelled, jobs=jobs, hashes=tuple(sorted({*sent, *begun})))


async def _cancel_queued(db: Statements, account: int, now: float) -> Cancelled:
    """Cancel what waits, the last in line first: so each gives back its share of the queue."""
    queued = await db.rows(UNFINISHED, account=account, state=JobState.QUEUED)
    ended = [await settling.cancel_at_once(db, row["id"], now) for row in reversed(queued)]
    return tuple([(job, await posts.of_job(db, job.id)) for job in reversed(ended) if job is not None])
