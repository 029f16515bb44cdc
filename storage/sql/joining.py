"""Two accounts become one: a code that one made and the other used, in one transaction.

The older account stays. Credits go over by two entries whose sum is zero, held ones with the unfinished
jobs that they are held for; those take their places as if one account had ordered them all. What is gone
stays as a row, so that its entries keep their account, and leads to the one it is part of.
"""

from dataclasses import dataclass

from storage import fair, ledger
from storage.records import (
    Blocked,
    Joined,
    Limits,
    NotJoined,
    Offered,
    OwnCode,
    TriedTooOften,
    WrongCode,
)
from storage.sql import money, starts
from storage.sql.people import identities, preferences_of, preferences_text
from storage.sql.rows import account_of, balance_of
from storage.sql.statements import Row, Statements

MOST_MISSES = 5
MISSES_SECONDS = 600.0  # for which wrong codes count

# What an account got beside its allowance and what its jobs moved; transfers within it cancel out.
GIVEN = """
select coalesce(sum(available + held), 0) from ledger
where job is null and kind <> 'allowance'
    and account in (select id from accounts where id = :account or joined = :account)
"""

IN_LINE = """
select seq, tag, charge, state from jobs
where account in (:into, :gone) and state in ('queued', 'running') order by tag, seq
"""

# A key is unique within an account.
TAKE_JOBS = """
update jobs set account = :into, key = key || case
    when exists (select 1 from jobs other where other.account = :into and other.key = jobs.key)
    then :of_gone else '' end
where account = :gone
"""

MERGE = """
update accounts set
    weight = max(weight, :weight), allowed_on = max(allowed_on, :allowed_on), finish = :finish,
    preferences = :preferences, link_misses = 0
where id = :into
"""


@dataclass(frozen=True, slots=True)
class Both:
    """The rows of who uses a code and of who made it."""

    user: Row
    maker: Row


async def offer(db: Statements, account: int, code: str, ends_at: float) -> None:
    """Let a code stand for an account; an earlier one of it is void."""
    row = await money.account_row(db, account)
    await db.rows(
        """
        insert into links (account, code, ends_at) values (:account, :code, :ends_at)
        on conflict (account) do update set code = excluded.code, ends_at = excluded.ends_at
        """,
        account=row["id"],
        code=code,
        ends_at=ends_at,
    )


async def see(db: Statements, account: int, code: str, now: float) -> Offered | NotJoined:
    """Say who offered the code."""
    both = await _both(db, account, code, now)
    if not isinstance(both, Both):
        return both
    maker = account_of(both.maker)
    return Offered(account=maker, identities=tuple(await identities(db, maker.id)))


async def use(db: Statements, account: int, code: str, limits: Limits, now: float) -> Joined | NotJoined:
    """Join an account with the one that offered the code."""
    both = await _both(db, account, code, now)
    if not isinstance(both, Both):
        return both
    into, gone = sorted((both.user, both.maker), key=lambda row: int(row["id"]))
    return await _join(db, into, gone, limits, now)


async def _both(db: Statements, account: int, code: str, now: float) -> Both | NotJoined:
    user = await money.locked_row(db, account)
    if (retry_at := _retry_at(user, now)) is not None:
        return TriedTooOften(retry_at)
    link = await db.row("select * from links where code = :code and ends_at > :now", code=code, now=now)
    if link is None:
        await _count_miss(db, user, now)
        return WrongCode()
    if link["account"] == user["id"]:
        return OwnCode()
    maker = await money.locked_row(db, link["account"])
    if user["blocked"] or maker["blocked"]:
        return Blocked()
    return Both(user, maker)


def _retry_at(user: Row, now: float) -> float | None:
    ends_at: float = user["link_missed_at"] + MISSES_SECONDS
    return ends_at if user["link_misses"] >= MOST_MISSES and now < ends_at else None


async def _count_miss(db: Statements, user: Row, now: float) -> None:
    counts = now < user["link_missed_at"] + MISSES_SECONDS
    await db.rows(
        "update accounts set link_misses = :misses, link_missed_at = :now where id = :account",
        misses=user["link_misses"] + 1 if counts else 1,
        now=now,
        account=user["id"],
    )


async def _join(db: Statements, into: Row, gone: Row, limits: Limits, now: float) -> Joined:
    lapsed = await _move_credits(db, into, gone, limits, now)
    finish = await _move_jobs(db, into, gone)
    preferences = preferences_of(into["preferences"]).joined_with(preferences_of(gone["preferences"]))
    await db.rows(
        MERGE,
        into=into["id"],
        weight=gone["weight"],
        allowed_on=gone["allowed_on"],
        finish=finish,
        preferences=preferences_text(preferences),
    )
    await _move_the_rest(db, into["id"], gone["id"])
    row = await money.account_row(db, into["id"])
    return Joined(
        account=account_of(row),
        gone=gone["id"],
        balance=balance_of(row),
        preferences=preferences,
        lapsed=lapsed,
    )


async def _move_credits(db: Statements, into: Row, gone: Row, limits: Limits, now: float) -> int:
    """Transfer all credits; return how many lapsed because one person has one daily allowance."""
    one, other = await _unspent_allowance(db, into), await _unspent_allowance(db, gone)
    for entry in ledger.transfer(gone["id"], into["id"], balance_of(gone), now):
        await money.add(db, entry)
    available: int = into["available"] + gone["available"]
    lapsed = min(ledger.surplus(one, other, limits.daily_allowance), available)
    if lapsed:
        await money.add(db, ledger.lapse(into["id"], gone["id"], lapsed, now))
    return lapsed


async def _unspent_allowance(db: Statements, row: Row) -> int:
    return ledger.unspent_allowance(balance_of(row), await db.number(GIVEN, account=row["id"]))


async def _move_jobs(db: Statements, into: Row, gone: Row) -> float:
    """Let all unfinished jobs stand in one line; return the account's finish."""
    jobs = await db.rows(IN_LINE, into=into["id"], gone=gone["id"])
    tags, finish = fair.in_one_line((job["tag"], job["charge"]) for job in jobs)
    for job, tag in zip(jobs, tags, strict=True):
        if job["state"] == "queued" and tag != job["tag"]:
            await db.rows("update jobs set tag = :tag where seq = :seq", tag=tag, seq=job["seq"])
    await db.rows(TAKE_JOBS, into=into["id"], gone=gone["id"], of_gone=f" of {gone['id']}")
    return max(finish, float(into["finish"]), float(gone["finish"]))


async def _move_the_rest(db: Statements, into: int, gone: int) -> None:
    for table in ("identities", "keys", "uploads", "payments"):
        await db.rows(f"update {table} set account = :into where account = :gone", into=into, gone=gone)  # noqa: S608 - our own names
    await starts.join(db, into, gone)
    await db.rows(
        "update accounts set joined = :into where id = :gone or joined = :gone", into=into, gone=gone
    )
    await db.rows("delete from links where account in (:into, :gone)", into=into, gone=gone)
