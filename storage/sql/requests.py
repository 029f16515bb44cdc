"""What idempotency keys stand for, in SQL."""

from storage.requests import DAY_SECONDS
from storage.sql.statements import Database, Statements

REMEMBER = """
insert into requests (caller, key, digest, nonce, created_at)
values (:caller, :key, :digest, :fresh, :now)
on conflict (caller, key) do update set
    digest = excluded.digest, nonce = excluded.nonce, created_at = excluded.created_at
where requests.created_at <= :too_old
"""
KNOWN = "select digest, nonce from requests where caller = :caller and key = :key"


class SqlRequests:
    """A `storage.requests.Requests`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def nonce(self, caller: str, key: str, digest: str, fresh: str, now: float) -> str | None:
        """Return what stands for this request, None where an earlier one had another body."""

        async def work(db: Statements) -> str | None:
            await db.rows(
                REMEMBER,
                caller=caller,
                key=key,
                digest=digest,
                fresh=fresh,
                now=now,
                too_old=now - DAY_SECONDS,
            )
            (row,) = await db.rows(KNOWN, caller=caller, key=key)
            return row["nonce"] if row["digest"] == digest else None

        return await self._db.write(work)

    async def forget(self, before: float) -> None:
        """Forget what is older."""
        sql = "delete from requests where created_at < :before"
        await self._db.write(lambda db: db.rows(sql, before=before))
