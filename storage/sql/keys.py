"""The keys of the API in SQL."""

from collections.abc import Sequence

from storage.keys import PLATFORM, Key, Scope
from storage.sql import money
from storage.sql.statements import Database, Row, Statements

INSERT = """
insert into keys (id, account, name, digest, scopes, webhook_secret, requests_per_minute, max_waiting,
    created_at, expires_at, used_at, revoked_at)
values (:id, :account, :name, :digest, :scopes, :webhook_secret, :requests_per_minute, :max_waiting,
    :created_at, :expires_at, :used_at, :revoked_at)
"""
OF_ACCOUNT = "select * from keys where account = :account order by created_at desc, id"
ALL = "select * from keys order by created_at desc, id"


class SqlKeys:
    """A `storage.keys.Keys`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, key: Key) -> None:
        """Keep a key, and let its identity be its account's."""
        await self._db.write(lambda db: _add(db, key))

    async def find(self, id: str) -> Key | None:
        """Return a key by its public id."""
        rows = await self._db.read(lambda db: db.rows("select * from keys where id = :id", id=id))
        return key_of(rows[0]) if rows else None

    async def of_account(self, account: int) -> Sequence[Key]:
        """Return an account's keys, newest first."""
        return [key_of(row) for row in await self._db.read(lambda db: db.rows(OF_ACCOUNT, account=account))]

    async def all(self) -> Sequence[Key]:
        """Return everybody's keys, newest first."""
        rows = await self._db.read(lambda db: db.rows(ALL))
        return [key_of(row) for row in rows]

    async def used(self, id: str, now: float) -> None:
        """Remember when a key was used last."""
        await self._db.write(
            lambda db: db.rows("update keys set used_at = :now where id = :id", now=now, id=id)
        )

    async def revoke(self, id: str, now: float) -> Key | None:
        """End a key for ever."""
        sql = "update keys set revoked_at = :now where id = :id and revoked_at is null returning *"
        rows = await self._db.write(lambda db: db.rows(sql, now=now, id=id))
        return key_of(rows[0]) if rows else None


async def _add(db: Statements, key: Key) -> None:
    await money.account_row(db, key.account)
    await db.rows(
        INSERT,
        id=key.id,
        account=key.account,
        name=key.name,
        digest=key.digest,
        scopes=" ".join(sorted(key.scopes)),
        webhook_secret=key.webhook_secret,
        requests_per_minute=key.requests_per_minute,
        max_waiting=key.max_waiting,
        created_at=key.created_at,
        expires_at=key.expires_at,
        used_at=key.used_at,
        revoked_at=key.revoked_at,
    )
    await db.rows(
        'insert into identities (platform, "user", account) values (:platform, :user, :account)',
        platform=PLATFORM,
        user=key.id,
        account=key.account,
    )


def key_of(row: Row) -> Key:
    """Return the key in a row of `keys`."""
    return Key(
        id=row["id"],
        account=row["account"],
        name=row["name"],
        digest=row["digest"],
        scopes=frozenset(map(Scope, row["scopes"].split())),
        webhook_secret=row["webhook_secret"],
        requests_per_minute=row["requests_per_minute"],
        max_waiting=row["max_waiting"],
        created_at=float(row["created_at"]),
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )
