"""An account's share of the queue, set right when a job's cost turns out different."""

from storage import fair
from storage.sql.statements import Row, Said, said

# Beside a job: the clock, and the first tag that moving back would move.
IN_LINE = """
clock.now as clock, (
    select min(tag) from jobs
    where account = job.account and state in ('queued', 'running') and state = 'queued'
        and (tag, seq) > (job.tag, job.seq) and tag > clock.now
) as next_tag
"""

# Jobs at or before the clock were given back by a generator: those keep their old place.
MOVE_LATER_JOBS = """
update jobs set tag = tag + :shift
where account = :account and state in ('queued', 'running') and state = 'queued'
    and (tag, seq) > (:tag, :seq) and (:shift > 0 or tag > :clock)
"""

MOVE_FINISH = "update accounts set finish = finish + :shift where id = :account"


def corrected(job: Row, wished: float) -> list[Said]:
    """Move what the account has in line after a job by `wished` virtual seconds, or less."""
    account, clock = job["account"], job["clock"]
    shift = fair.allowed_shift(wished, clock, job["next_tag"])
    finish = said(MOVE_FINISH, shift=shift, account=account)
    later = said(MOVE_LATER_JOBS, shift=shift, clock=clock, account=account, tag=job["tag"], seq=job["seq"])
    if shift == 0:
        return []
    return [finish] if job["next_tag"] is None else [finish, later]
