"""People: which identity belongs to which account, and what the owner decides about it."""

import math

from storage.records import Account, Balance, Identity
from storage.sql import money
from storage.sql.rows import account_of, balance_of
from storage.sql.statements import Statements

NEWEST = "select * from accounts where joined is null order by id desc limit :limit"


async def of_identity(db: Statements, identity: Identity) -> Account | None:
    """Return the identity's account, or None when it was never seen."""
    row = await db.row(
        """
        select accounts.* from identities join accounts on accounts.id = identities.account
        where platform = :platform and "user" = :user
        """,
        platform=identity.platform,
        user=identity.user,
    )
    return account_of(row) if row else None


async def find(db: Statements, account: int) -> Account | None:
    """Return an account by its number, or the one it is part of."""
    row = await db.row(money.CURRENT, account=account)
    return account_of(row) if row else None


async def welcome(db: Statements, identity: Identity, name: str) -> Account:
    """Return the identity's account; a new one is made on first sight."""
    known = await of_identity(db, identity)
    if known is not None:
        return known
    (row,) = await db.rows("insert into accounts (name) values (:name) returning *", name=name)
    await db.rows(
        'insert into identities (platform, "user", account) values (:platform, :user, :account)',
        platform=identity.platform,
        user=identity.user,
        account=row["id"],
    )
    return account_of(row)


async def newest(db: Statements, limit: int) -> list[tuple[Account, Balance]]:
    """Return accounts with balances, newest first."""
    rows = await db.rows(NEWEST, limit=limit)
    return [(account_of(row), balance_of(row)) for row in rows]


async def change(db: Statements, account: int, weight: float | None, blocked: bool | None) -> Account | None:
    """Set what is given; None when there is no such account. Raises ValueError for an impossible weight."""
    if weight is not None and not 0 < weight < math.inf:
        raise ValueError("A weight is a number above zero.")
    row = await db.row(
        """
        update accounts set weight = coalesce(:weight, weight), blocked = coalesce(:blocked, blocked)
        where id = (select coalesce(joined, id) from accounts where id = :account) returning *
        """,
        account=account,
        weight=weight,
        blocked=blocked,
    )
    return account_of(row) if row else None
