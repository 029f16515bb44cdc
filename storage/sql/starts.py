"""Pictures that recipes start from, in SQL.

`job_starts` says which visible job needs which picture; what no job needs is kept for a while, so that it
can be ordered with.
"""

from collections.abc import Sequence

from generator.recipe import Recipe
from storage.records import Job
from storage.sql.statements import Database, Row, Said, Statements, said
from storage.starts import StartPicture

KEEP = """
insert into starts (account, sent_by, sha256, width, height, size_bytes, created_at)
values (:account, :sent_by, :sha256, :width, :height, :size_bytes, :created_at)
on conflict (account, sha256) do update set created_at = excluded.created_at,
    sent_by = case excluded.sent_by when excluded.account then excluded.sent_by else starts.sent_by end
"""

NEEDED = """
exists (
    select 1 from job_starts join jobs on jobs.id = job_starts.job
    where job_starts.sha256 = starts.sha256 and jobs.account = starts.account
)
"""

FORGET_SURPLUS = f"""
delete from starts where account = :account and sha256 in (
    select sha256 from starts where account = :account and not {NEEDED}
    order by created_at desc, sha256 limit 1000000 offset :spare
) returning sha256
"""  # noqa: S608 - our own words

FORGET_UNUSED = f"delete from starts where created_at < :before and not {NEEDED} returning sha256"  # noqa: S608 - the same

# Whoever orders again what somebody else began may start from the picture too.
SHARE = """
insert into starts (account, sent_by, sha256, width, height, size_bytes, created_at)
select cast(:account as bigint), sent_by, sha256, width, height, size_bytes, cast(:now as double precision)
from starts where sha256 = :sha256 limit 1
on conflict (account, sha256) do nothing
"""

NEED = "insert into job_starts (job, sha256) values (:job, :sha256)"

LET_GO = f"""
delete from starts
where sha256 = :sha256 and account = (select account from jobs where id = :job) and not {NEEDED}
"""  # noqa: S608 - the same

# What one account sent is gone for all who started from it too.
ERASE = (
    "delete from job_starts where job in (select id from jobs where account = :account)",
    "delete from starts where account = :account or sent_by = :account returning sha256",
)

JOIN = (
    """
    delete from starts where account = :gone
        and sha256 in (select sha256 from starts where account = :into)
    """,
    "update starts set account = :into where account = :gone",
    "update starts set sent_by = :into where sent_by = :gone",
)


class SqlStarts:
    """A `storage.starts.Starts`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def keep(self, start: StartPicture, spare: int) -> Sequence[str]:
        """Keep a picture; at most so many that no job needs stay. Return what went."""

        async def work(db: Statements) -> Sequence[str]:
            await db.rows(
                KEEP,
                account=start.account,
                sent_by=start.sent_by,
                sha256=start.sha256,
                width=start.width,
                height=start.height,
                size_bytes=start.size_bytes,
                created_at=start.created_at,
            )
            return _contents(await db.rows(FORGET_SURPLUS, account=start.account, spare=spare))

        return await self._db.write(work)

    async def find(self, account: int, sha256: str) -> StartPicture | None:
        """Return a picture that the account may start from."""
        sql = "select * from starts where account = :account and sha256 = :sha256"
        rows = await self._db.read(lambda db: db.rows(sql, account=account, sha256=sha256))
        return start_of(rows[0]) if rows else None

    async def remove_unused(self, before: float) -> Sequence[str]:
        """Forget what was kept before a time and no visible job needs; return as above."""
        return _contents(await self._db.at_once(said(FORGET_UNUSED, before=before)))


async def are_kept(db: Statements, recipe: Recipe) -> bool:
    """Say whether everything is there that a recipe starts from."""
    for sha256 in recipe.pictures:
        if await db.row("select 1 from starts where sha256 = :sha256 limit 1", sha256=sha256) is None:
            return False
    return True


def needed(job: Job) -> list[Said]:
    """Note what a new job starts from: it is kept as long as the job."""
    return [
        step
        for sha256 in job.recipe.pictures
        for step in (
            said(SHARE, account=job.account, sha256=sha256, now=job.created_at),
            said(NEED, job=job.id, sha256=sha256),
        )
    ]


async def let_go(db: Statements, job: str) -> list[str]:
    """Forget what a deleted job started from, where no other needs it; return the contents."""
    forgotten = await db.rows("delete from job_starts where job = :job returning sha256", job=job)
    hashes = [row["sha256"] for row in forgotten]
    for sha256 in hashes:
        await db.rows(LET_GO, job=job, sha256=sha256)
    return hashes


async def erase(db: Statements, account: int) -> list[str]:
    """Forget an account's pictures; return their contents."""
    found = [await db.rows(statement, account=account) for statement in ERASE]
    return [row["sha256"] for row in found[-1]]


async def join(db: Statements, into: int, gone: int) -> None:
    """Give one account the pictures of another."""
    for statement in JOIN:
        await db.rows(statement, into=into, gone=gone)


def _contents(forgotten: Sequence[Row]) -> Sequence[str]:
    return [row["sha256"] for row in forgotten]


def start_of(row: Row) -> StartPicture:
    """Return the picture in a row of `starts`."""
    return StartPicture(
        account=row["account"],
        sent_by=row["sent_by"],
        sha256=row["sha256"],
        width=row["width"],
        height=row["height"],
        size_bytes=row["size_bytes"],
        created_at=float(row["created_at"]),
    )
