"""Acceptance: the caps, the balance, the hold, the job and its post, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
    QueueFull,
    Repeated,
    StartGone,
    Submission,
)
from storage.sql import money, starts
from storage.sql.holding import ACCOUNT, CHANGED, held
from storage.sql.rows import job_of, post_of, recipe_text
from storage.sql.statements import Row, Said, Statements, said
from storage.sql.whole_queue import WholeQueue, nearly_full

# An account as it stands among all: everything that deciding needs.
STANDING = f"""
with {ACCOUNT.format(money.PART_OF)}
select me.*, clock.now as clock, {CHANGED},
    (select id from jobs where account = me.id and key = :key) as repeated,
    (select count(*) from jobs where account = me.id and state in ('queued', 'running')) as own,
    (select coalesce(max(seq), 0) from jobs) as newest, {{everybodys}} as everybodys
from me, clock
"""  # noqa: S608 - our own words
UNCOUNTED = STANDING.format(everybodys="null")
COUNTED = STANDING.format(everybodys="(select count(*) from jobs where state in ('queued', 'running'))")

FINISH = "update accounts set finish = :finish where id = :account"

ALONE = "select 1 from clock /*pg: for update */"


class NotAll(Exception):
    """One of several orders was refused, so that none is accepted; `why` is its answer."""

    def __init__(self, why: Submission) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Fresh:
    """What the caller brings: the id of the job to be, the time, and which bot accepts it."""

    job: str
    now: float
    holder: str | None = None
    queue: WholeQueue = field(default_factory=WholeQueue)


async def submit(db: Statements, new: NewJob, limits: Limits, fresh: Fresh) -> Submission:
    """Accept a job, or say why not; a key that was accepted before changes nothing."""
    standing = await _standing(db, new, limits.whole_queue, fresh.queue)
    if standing["repeated"] is not None:
        return await _repeated(db, standing["repeated"])
    refusal = _refusal(standing, limits)
    if refusal is not None:
        return refusal
    if not await starts.are_kept(db, new.recipe):
        return StartGone()
    balance = await money.topped_up(db, standing, limits, fresh.now)
    if balance.available < new.price:
        return NotEnough(price=new.price, available=balance.available)
    return await _accept(db, new, standing, balance, fresh)


async def submit_all(
    db: Statements, orders: Sequence[NewJob], limits: Limits, fresh: Sequence[Fresh]
) -> list[Submission]:
    """Accept several jobs of one account as `submit` does. Raises NotAll, which undoes them."""
    answers: list[Submission] = []
    for new, its in zip(orders, fresh, strict=True):
        answer = await submit(db, new, limits, its)
        if not isinstance(answer, Accepted | Repeated):
            raise NotAll(_of_all(answer, orders, answers))
        answers.append(answer)
    return answers


def _of_all(why: Submission, orders: Sequence[NewJob], answers: Sequence[Submission]) -> Submission:
    """Return the reason as it holds for the whole: what all would cost, and what there is for it."""
    if not isinstance(why, NotEnough):
        return why
    held = sum(answer.job.price for answer in answers if isinstance(answer, Accepted))
    before = sum(answer.job.price for answer in answers if isinstance(answer, Repeated))
    return NotEnough(price=sum(new.price for new in orders) - before, available=why.available + held)


async def _repeated(db: Statements, id: str) -> Repeated:
    (job,) = await db.rows("select * from jobs where id = :job", job=id)
    (post,) = await db.rows("select * from posts where job = :job", job=id)
    return Repeated(job_of(job), post_of(post))


async def _standing(db: Statements, new: NewJob, most: int, queue: WholeQueue) -> Row:
    """Return how the account stands, and the whole queue counted where that may decide."""
    if not queue.may_be_full(most):
        standing = await _looked(db, new, UNCOUNTED)
        queue.saw(standing["newest"])
        if not queue.may_be_full(most):
            return standing
    standing = await _looked(db, new, COUNTED)
    queue.counted(standing["everybodys"], standing["newest"])
    if standing["repeated"] is None and nearly_full(standing["everybodys"], most):
        await db.rows(ALONE)
        standing = await _looked(db, new, COUNTED)
    return standing


async def _looked(db: Statements, new: NewJob, sql: str) -> Row:
    row = await held(db, sql, account=new.account, key=new.key)
    if row is None:
        raise LookupError(f"There is no account {new.account}.")
    return row


def _refusal(standing: Row, limits: Limits) -> Blocked | AccountFull | QueueFull | None:
    if standing["blocked"]:
        return Blocked()
    if standing["own"] >= limits.per_account:
        return AccountFull(limits.per_account)
    if standing["everybodys"] is not None and standing["everybodys"] >= limits.whole_queue:
        return QueueFull(limits.whole_queue)
    return None


async def _accept(db: Statements, new: NewJob, standing: Row, balance: Balance, fresh: Fresh) -> Accepted:
    job = _job(new, standing["id"], fresh)
    tag = fair.start_tag(standing["clock"], standing["finish"])
    charge = fair.charge(new.cost_seconds, standing["weight"] * new.weight)
    (post,) = await db.together(
        _inserted(job, new, tag, charge),
        *starts.needed(job),
        money.entered(ledger.hold(job, fresh.now)),
        said(FINISH, finish=tag + charge, account=job.account),
        _shown(job.id, new.post, fresh.holder),
    )
    left = Balance(available=balance.available - job.price, held=balance.held + job.price)
    return Accepted(job=job, post=post_of(post), balance=left)


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


def _inserted(job: Job, new: NewJob, tag: float, charge: float) -> Said:
    return said(
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


def _shown(job: str, new: NewPost, holder: str | None) -> Said:
    return said(
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
