"""What the post of an ended job shows."""

from typing import assert_never

from bot.updates import Broken, Cancelled, Delivered, Final
from generator.messages import Fault
from storage.records import Job, JobState
from storage.store import Store


async def final_of(store: Store, job: Job) -> Final | None:
    """Return a job's end as an update, or None while it has none."""
    match job.state:
        case JobState.QUEUED | JobState.RUNNING:
            return None
        case JobState.SUCCEEDED:
            return Delivered(job=job, pictures=tuple(await store.pictures(job.id)))
        case JobState.FAILED:
            return Broken(job=job, fault=job.fault or Fault.INTERNAL)
        case JobState.CANCELLED:
            return Cancelled(job=job)
        case _:
            assert_never(job.state)
