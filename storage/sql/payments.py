"""Payments: credits that were bought, each charge once, and what is taken back at a refund."""

from dataclasses import replace

from storage import ledger
from storage.records import Balance, Identity, Payment
from storage.sql import money
from storage.sql.rows import balance_of
from storage.sql.statements import Row, Statements


async def pay(db: Statements, payment: Payment) -> Balance:
    """Keep a payment and add its credits; the same charge again changes nothing."""
    account = await money.locked_row(db, payment.account)
    added = await db.rows(
        """
        insert into payments (charge, account, platform, "user", credits, stars, paid_at)
        values (:charge, :account, :platform, :user, :credits, :stars, :paid_at)
        on conflict (charge) do nothing returning charge
        """,
        charge=payment.charge,
        account=account["id"],
        platform=payment.by.platform,
        user=payment.by.user,
        credits=payment.credits,
        stars=payment.stars,
        paid_at=payment.paid_at,
    )
    if added:
        await money.add(db, ledger.bought(replace(payment, account=account["id"])))
    return balance_of(await money.account_row(db, account["id"]))


async def find(db: Statements, charge: str) -> Payment | None:
    """Return a payment."""
    row = await db.row("select * from payments where charge = :charge", charge=charge)
    return _payment_of(row) if row else None


async def take_back(db: Statements, charge: str, now: float) -> tuple[Payment, Balance] | None:
    """Mark a payment as refunded and take its credits, as far as they are there; once."""
    payment = await find(db, charge)
    if payment is None:
        return None
    before = await money.locked_row(db, payment.account)
    payment = await find(db, charge) or payment  # as it is now that nobody else changes it
    await db.rows(
        "update payments set refunded_at = coalesce(refunded_at, :now) where charge = :charge",
        now=now,
        charge=charge,
    )
    if payment.refunded_at is None:
        await money.add(db, ledger.affordable(ledger.taken_back(payment, now), balance_of(before)))
    after = await money.account_row(db, payment.account)
    return replace(payment, refunded_at=payment.refunded_at or now), balance_of(after)


def _payment_of(row: Row) -> Payment:
    return Payment(
        charge=row["charge"],
        account=row["account"],
        by=Identity(row["platform"], row["user"]),
        credits=row["credits"],
        stars=row["stars"],
        paid_at=row["paid_at"],
        refunded_at=row["refunded_at"],
    )
