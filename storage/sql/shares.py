"""An account's share of the queue, set right when a job's cost turns out different."""

from storage import fair
from storage.sql.statements import Row, Statements

# The clock, and the first tag that moving back would move.
IN_LINE = """
select clock.now as clock, (
    select min(tag) from jobs
    where account = :account and state in ('queued', 'running') and state = 'queued'
        and (tag, seq) > (:tag, :seq) and tag > clock.now
) as next_tag from clock
"""

# Jobs at or before the clock were given back by a generator: those keep their old place.
MOVE_LATER_JOBS = """
update jobs set tag = tag + :shift
where account = :account and state in ('queued', 'running') and state = 'queued'
    and (tag, seq) > (:tag, :seq) and (:shift > 0 or tag > :clock)
"""


async def correct(db: Statements, job: Row, wished: float) -> None:
    """Move what the account has in line after a job by `wished` virtual seconds, or less."""
    place = {"account": job["account"], "tag": job["tag"], "seq": job["seq"]}
    ((clock, next_tag),) = await db.rows(IN_LINE, **place)
    shift = fair.allowed_shift(wished, clock, next_tag)
    if shift == 0:
        return
    if next_tag is not None:
        await db.rows(MOVE_LATER_JOBS, shift=shift, clock=clock, **place)
    await db.rows(
        "update accounts set finish = finish + :shift where id = :account",
        shift=shift,
        account=job["account"],
    )
