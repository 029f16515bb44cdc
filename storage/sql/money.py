"""Credits: entries are added, and a trigger moves the cached sums with them."""

from dataclasses import replace

from storage import ledger
from storage.records import Balance, Entry, JobState, Kind, Limits
from storage.sql.holding import ACCOUNT, CHANGED, held
from storage.sql.rows import balance_of, entry_of, job_of
from storage.sql.statements import Row, Said, Statements, said

PART_OF = "select coalesce(joined, id) from accounts where id = :account"
CURRENT = f"select * from accounts where id = ({PART_OF})"  # noqa: S608 - our own words
HELD = f"with {ACCOUNT.format(PART_OF)} select me.*, {CHANGED} from me"  # noqa: S608 - the same
SPENT = f"""
with {ACCOUNT.format("select account from jobs where id = :job")}
select jobs.*, me.available, me.held, {CHANGED} from me, jobs where jobs.id = :job
"""  # noqa: S608 - the same

ENTER = """
insert into ledger (key, account, kind, available, held, job, note, created_at)
values (:key, :account, :kind, :available, :held, :job, :note, :created_at)
on conflict (key) do nothing returning seq
"""

# Each half reads its newest by the index; the second is empty for most.
ENTRIES = """
select * from (select * from ledger where account = :account order by seq desc limit :limit) as own
union all
select * from (
    select ledger.* from accounts join ledger on ledger.account = accounts.id
    where accounts.joined = :account order by ledger.seq desc limit :limit) as joined
order by seq desc limit :limit
"""

SUMS_THAT_DIFFER = """
select * from (
    select a.id, a.available, a.held, total(l.available) as entered, total(l.held) as entered_held
    from accounts a left join ledger l on l.account = a.id
    group by a.id, a.available, a.held
) as sums
where available <> entered or held <> entered_held
"""

# One row for each job whose entries do not fit its state: exactly one hold, then at most one
# settlement of the right kind, and the price standing where it should.
JOBS_THAT_DIFFER = """
select * from (
    select j.seq, j.id, j.state, j.price,
        count(*) filter (where l.kind = 'hold') as holds,
        count(*) filter (where l.kind = 'capture') as captures,
        count(*) filter (where l.kind = 'release') as releases,
        count(*) filter (where l.kind = 'refund') as refunds,
        total(l.held) as held, total(l.available) as available
    from jobs j left join ledger l on l.job = j.id
    group by j.seq, j.id, j.state, j.price
) as entered
where holds <> 1
    or captures <> case when state = 'succeeded' then 1 else 0 end
    or releases <> case when state in ('failed', 'cancelled') then 1 else 0 end
    or refunds > captures
    or held <> case when state in ('queued', 'running') then price else 0 end
    or available <> case when state in ('queued', 'running') or (state = 'succeeded' and refunds = 0)
        then -price else 0 end
"""


async def account_row(db: Statements, account: int) -> Row:
    """Return the row of `accounts`, or of the one it is part of. Raises LookupError when there is none."""
    row = await db.row(CURRENT, account=account)
    if row is None:
        raise LookupError(f"There is no account {account}.")
    return row


async def locked_row(db: Statements, account: int) -> Row:
    """Return the same, of which nobody else changes anything until the transaction's end."""
    row = await held(db, HELD, account=account)
    if row is None:
        raise LookupError(f"There is no account {account}.")
    return row


async def add(db: Statements, entry: Entry) -> bool:
    """Add an entry; False when its key was there before, which changes nothing."""
    return bool(await db.together(entered(entry)))


def entered(entry: Entry) -> Said:
    """Add an entry; where its key was there before, nothing changes and no row is returned."""
    return said(
        ENTER,
        key=entry.key,
        account=entry.account,
        kind=entry.kind,
        available=entry.available,
        held=entry.held,
        job=entry.job,
        note=entry.note,
        created_at=entry.created_at,
    )


def allowance_is_due(row: Row, limits: Limits, now: float) -> bool:
    """Whether the account in `row` was not looked at today."""
    return limits.daily_allowance > 0 and bool(row["allowed_on"] != ledger.day(now))


async def topped_up(db: Statements, row: Row, limits: Limits, now: float) -> Balance:
    """Return the balance of the account in `row`, after today's allowance was added where due.

    The first look of a UTC day counts: what is spent later in the day comes back the next day.
    """
    balance = balance_of(row)
    if not allowance_is_due(row, limits, now):
        return balance
    await db.rows(
        "update accounts set allowed_on = :day where id = :account", day=ledger.day(now), account=row["id"]
    )
    added = ledger.top_up(balance, limits.daily_allowance)
    if added and await add(db, ledger.allowance(row["id"], added, now)):
        return Balance(available=balance.available + added, held=balance.held)
    return balance


async def grant(db: Statements, wished: Entry) -> Balance:
    """Add or take credits; taking stops at zero."""
    row = await locked_row(db, wished.account)
    await add(db, ledger.affordable(replace(wished, account=row["id"]), balance_of(row)))
    return balance_of(await account_row(db, row["id"]))


async def refund(db: Statements, job: str, note: str, now: float) -> Balance | None:
    """Give a succeeded job's price back, once; None when there is nothing to give back."""
    row = await held(db, SPENT, job=job)
    if row is None or row["state"] != JobState.SUCCEEDED:
        return None
    if not await add(db, ledger.refund(job_of(row), note, now)):
        return None
    return Balance(available=row["available"] + row["price"], held=row["held"])


async def entries(db: Statements, account: int, limit: int) -> list[Entry]:
    """Return the latest entries of the account and of those that became part of it, newest first."""
    rows = await db.rows(ENTRIES, account=account, limit=limit)
    return [entry_of(row) for row in rows]


async def receipt(db: Statements, job: str) -> list[Entry]:
    """Return the entries of one job, oldest first."""
    rows = await db.rows("select * from ledger where job = :job order by seq", job=job)
    return [entry_of(row) for row in rows]


async def faults_of_sums(db: Statements) -> list[str]:
    """Return a sentence for each account whose cached sums differ from its entries."""
    return [
        f"Account {row['id']} has {row['available']} credits available and {row['held']} held, "
        f"but its entries add up to {row['entered']:.0f} and {row['entered_held']:.0f}."
        for row in await db.rows(SUMS_THAT_DIFFER)
    ]


async def faults_of_jobs(db: Statements) -> list[str]:
    """Return a sentence for each job whose entries do not fit its state."""
    return [
        f"Job {row['id']} ({row['price']} credits) is {row['state']}, but its entries are "
        f"{row['holds']:.0f} {Kind.HOLD}, {row['captures']:.0f} {Kind.CAPTURE}, "
        f"{row['releases']:.0f} {Kind.RELEASE} and {row['refunds']:.0f} {Kind.REFUND}."
        for row in await db.rows(JOBS_THAT_DIFFER)
    ]
