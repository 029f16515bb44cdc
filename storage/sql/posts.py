"""Where answers are shown, and which ends were not shown yet."""

from storage.records import Job, Post, Rung
from storage.sql.rows import job_of, post_of
from storage.sql.statements import Row, Said, Statements, said

# The cross join keeps SQLite from starting with all jobs there ever were.
# Posts without a rung are those of unfinished jobs and those to deliver. A deleted job has nothing to show.
UNDELIVERED = """
select jobs.*, posts.id as post, posts.platform, posts.address, posts.language, posts.holder
from posts cross join jobs
where jobs.id = posts.job and posts.rung is null and jobs.ended_at is not null and jobs.deleted_at is null
order by jobs.ended_at, jobs.seq
"""


async def of_job(db: Statements, job: str) -> Post | None:
    """Return the post of a job."""
    row = await db.row("select * from posts where job = :job", job=job)
    return post_of(row) if row else None


def moved(post: int, address: str) -> Said:
    """Store a post's new address."""
    return said("update posts set address = :address where id = :post", post=post, address=address)


def confirmed(post: int, rung: Rung) -> Said:
    """Store how the end reached the person."""
    return said("update posts set rung = :rung where id = :post", post=post, rung=rung)


async def unconfirmed(db: Statements, platform: str) -> list[Post]:
    """Return the posts of a platform whose job's end was never confirmed."""
    sql = "select * from posts where rung is null and platform = :platform order by id"
    return [post_of(row) for row in await db.rows(sql, platform=platform)]


async def undelivered(db: Statements) -> list[tuple[Post, Job]]:
    """Return posts of ended jobs that were never confirmed, oldest end first."""
    return [(_waiting(row), job_of(row)) for row in await db.rows(UNDELIVERED)]


def _waiting(row: Row) -> Post:
    return Post(
        id=row["post"],
        job=row["id"],
        platform=row["platform"],
        address=row["address"],
        language=row["language"],
        rung=None,
        holder=row["holder"],
    )
