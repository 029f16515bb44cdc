"""The entries of the ledger: which key, and what each changes. No I/O: engines add them.

A key says what an entry is for, so adding it twice is refused by the table and means the same as once.
"""

from dataclasses import replace
from datetime import UTC, datetime

from storage.records import Balance, Entry, Job, Kind, Payment

MOST_CREDITS = 10**12  # in one grant: sums stay far below 2^63


def hold(job: Job, now: float) -> Entry:
    """Set the price aside."""
    return _of_job(Kind.HOLD, job, -job.price, job.price, now)


def capture(job: Job, now: float) -> Entry:
    """Spend what was held."""
    return _of_job(Kind.CAPTURE, job, 0, -job.price, now)


def release(job: Job, now: float) -> Entry:
    """Make what was held available again."""
    return _of_job(Kind.RELEASE, job, job.price, -job.price, now)


def refund(job: Job, note: str, now: float) -> Entry:
    """Give back what was spent."""
    return replace(_of_job(Kind.REFUND, job, job.price, 0, now), note=note)


def allowance(account: int, credits: int, now: float) -> Entry:
    """Add the top-up of the day."""
    return Entry(
        key=f"{Kind.ALLOWANCE}:{account}:{day(now)}",
        account=account,
        kind=Kind.ALLOWANCE,
        available=credits,
        held=0,
        job=None,
        note="",
        created_at=now,
    )


def grant(account: int, credits: int, key: str, note: str, now: float) -> Entry:
    """Add credits, or take them where negative. Raises ValueError for more than MOST_CREDITS."""
    if abs(credits) > MOST_CREDITS:
        raise ValueError(f"At most {MOST_CREDITS:,} credits can be granted at once.")
    return Entry(
        key=f"{Kind.GRANT}:{key}",
        account=account,
        kind=Kind.GRANT,
        available=credits,
        held=0,
        job=None,
        note=note,
        created_at=now,
    )


def transfer(gone: int, into: int, balance: Balance, now: float) -> tuple[Entry, Entry]:
    """Move all credits, those held for unfinished jobs too, to the account that takes the jobs over."""
    taken = Entry(
        key=f"{Kind.TRANSFER}:{gone}:out",
        account=gone,
        kind=Kind.TRANSFER,
        available=-balance.available,
        held=-balance.held,
        job=None,
        note="",
        created_at=now,
    )
    given = replace(
        taken,
        key=f"{Kind.TRANSFER}:{gone}:in",
        account=into,
        available=balance.available,
        held=balance.held,
    )
    return taken, given


def lapse(into: int, gone: int, credits: int, now: float) -> Entry:
    """Take what two daily allowances are more than one."""
    return replace(allowance(into, -credits, now), key=f"{Kind.ALLOWANCE}:{gone}:lapsed")


def unspent_allowance(balance: Balance, given: int) -> int:
    """Return how many of an account's credits are allowance, which is spent first.

    `given` are all credits that it ever got otherwise.
    """
    owned = balance.available + balance.held
    return min(owned, max(0, owned - given))


def surplus(one: int, other: int, daily_allowance: int) -> int:
    """Return what lapses when two accounts with so much unspent allowance become one."""
    return max(0, one + other - max(daily_allowance, one, other))


def bought(payment: Payment) -> Entry:
    """Add the credits that were paid for."""
    note = f"{payment.stars} Stars"
    return grant(payment.account, payment.credits, f"payment {payment.charge}", note, payment.paid_at)


def taken_back(payment: Payment, now: float) -> Entry:
    """Take the credits of a payment that was refunded."""
    note = f"{payment.stars} Stars returned"
    return grant(payment.account, -payment.credits, f"refund of payment {payment.charge}", note, now)


def affordable(wished: Entry, balance: Balance) -> Entry:
    """Return the grant with no more taken than is there."""
    return replace(wished, available=max(wished.available, -balance.available))


def day(now: float) -> str:
    """Return the UTC date, for example 2026-11-21."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def top_up(balance: Balance, daily_allowance: int) -> int:
    """Return the credits that bring the balance up to the daily allowance."""
    return max(0, daily_allowance - balance.available - balance.held)


def _of_job(kind: Kind, job: Job, available: int, held: int, now: float) -> Entry:
    return Entry(
        key=f"{kind}:{job.id}",
        account=job.account,
        kind=kind,
        available=available,
        held=held,
        job=job.id,
        note="",
        created_at=now,
    )
