"""Acceptance: the caps, the balance, the hold, the job and its post, in one transaction."""

from dataclasses import dataclass

from storage import fair, ledger
from storage.records import (
    Accepted,
    AccountFull,
    Balance,
    Blocked,
    Job,
    JobState,
    Limits,
    NewJob,
    NewPost,
    NotEnough,
    Post,
    QueueFull,
    Repeated,
    StartGone,
    Submission,
)
from storage.sql import money, starts
from storage.sql.rows import job_of, post_of, recipe_text
from storage.sql.statements import Row, Statements

# An account as it stands among all: everything that deciding needs.
STANDING = """
select a.*, clock.now as clock,
    (select count(*) from jobs where account = a.id and state in ('queued', 'running')) as own,
    (select count(*) from jobs where state in ('queued', 'running')) as everybodys
from accounts a, clock where a.id = (select coalesce(joined, id) from accounts where id = :account)
"""

# So near its end, the queue takes orders one by one: only so do crowds of several bots not push past it.
NEARLY_FULL = 200
ALONE = "select 1 from clock for update"

REPEATED = """
select * from jobs where key = :key
    and account = (select coalesce(joined, id) from accounts where id = :account)
"""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What the caller brings: the id of the job to be, the time, and which bot accepts it."""

    job: str
    now: float
    holder: str | None = None


async def submit(db: Statements, new: NewJob, limits: Limits, fresh: Fresh) -> Submission:
    """Accept a job, or say why not; a key that was accepted before changes nothing."""
    await db.lock(money.LOCK, account=new.account)
    repeated = await _accepted_before(db, new)
    if repeated is not None:
        return repeated
    standing = await _standing(db, new.account)
    if standing["everybodys"] + NEARLY_FULL >= limits.whole_queue:
        await db.lock(ALONE)
        standing = await _standing(db, new.account)
    refusal = _refusal(standing, limits)
    if refusal is not None:
        return refusal
    if not await starts.are_kept(db, new.recipe):
        return StartGone()
    balance = await money.topped_up(db, standing, limits, fresh.now)
    if balance.available < new.price:
        return NotEnough(price=new.price, available=balance.available)
    return await _accept(db, new, standing, balance, fresh)


async def _accepted_before(db: Statements, new: NewJob) -> Repeated | None:
    job = await db.row(REPEATED, account=new.account, key=new.key)
    if job is None:
        return None
    (post,) = await db.rows("select * from posts where job = :job", job=job["id"])
    return Repeated(job_of(job), post_of(post))


async def _standing(db: Statements, account: int) -> Row:
    row = await db.row(STANDING, account=account)
    if row is None:
        raise LookupError(f"There is no account {account}.")
    return row


def _refusal(standing: Row, limits: Limits) -> Blocked | AccountFull | QueueFull | None:
    if standing["blocked"]:
        return Blocked()
    if standing["own"] >= limits.per_account:
        return AccountFull(limits.per_account)
    if standing["everybodys"] >= limits.whole_queue:
        return QueueFull(limits.whole_queue)
    return None


async def _accept(db: Statements, new: NewJob, standing: Row, balance: Balance, fresh: Fresh) -> Accepted:
    job = _job(new, standing["id"], fresh)
    tag = fair.start_tag(standing["clock"], standing["finish"])
    charge = fair.charge(new.cost_seconds, standing["weight"] * new.weight)
    await _insert(db, job, new, tag, charge)
    await starts.need(db, job)
    await money.add(db, ledger.hold(job, fresh.now))
    await db.rows(
        "update accounts set finish = :finish where id = :account", finish=tag + charge, account=job.account
    )
    held = Balance(available=balance.available - job.price, held=balance.held + job.price)
    return Accepted(job=job, post=await _insert_post(db, job.id, new.post, fresh.holder), balance=held)


def _job(new: NewJob, account: int, fresh: Fresh) -> Job:
    return Job(
        id=fresh.job,
        account=account,
        recipe=new.recipe,
        count=new.count,
        format=new.format,
        price=new.price,
        cost_seconds=new.cost_seconds,
        parent=new.parent,
        state=JobState.QUEUED,
        attempt=0,
        losses=0,
        fault=None,
        created_at=fresh.now,
        ended_at=None,
        draw_seconds=None,
        deleted=False,
        private=new.private,
    )


async def _insert(db: Statements, job: Job, new: NewJob, tag: float, charge: float) -> None:
    await db.rows(
        """
        insert into jobs (id, key, account, recipe, count, format, price, cost_seconds, parent, tag,
            charge, weight, private, created_at, loras)
        values (:id, :key, :account, :recipe, :count, :format, :price, :cost_seconds, :parent, :tag,
            :charge, :weight, :private, :created_at, :loras)
        """,
        id=job.id,
        key=new.key,
        account=job.account,
        recipe=recipe_text(job.recipe),
        count=job.count,
        format=job.format,
        price=job.price,
        cost_seconds=job.cost_seconds,
        parent=job.parent,
        tag=tag,
        charge=charge,
        weight=new.weight,
        private=new.private,
        created_at=job.created_at,
        loras=job.recipe.wardrobe,
    )


async def _insert_post(db: Statements, job: str, new: NewPost, holder: str | None) -> Post:
    (row,) = await db.rows(
        """
        insert into posts (job, platform, address, language, holder)
        values (:job, :platform, :address, :language, :holder) returning *
        """,
        job=job,
        platform=new.platform,
        address=new.address,
        language=new.language,
        holder=holder,
    )
    return post_of(row)
