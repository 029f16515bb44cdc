"""A job as a task of inference.sh: numbers for states, the input as sent, addresses for pictures. No I/O."""

from typing import Any, assert_never

from bot.adapters.api.address import Address
from bot.adapters.api.times import moment
from bot.adapters.api.trails import Trail
from bot.adapters.api.wire import to_json
from bot.links import picture_url
from bot.texts import describe
from bot.updates import Broken, Cancelled, Delivered, Final, Progress, Queued
from storage.keys import PLATFORM
from storage.records import Job, Post

RECEIVED, QUEUED, RUNNING, CANCELLING, COMPLETED, FAILED, CANCELLED = 1, 2, 7, 8, 10, 11, 12
APP = "infsh/z-image-turbo"
LONGEST_LINE = 60_000  # bytes; some readers take no more than 64 KiB
PROMPT_SHOWN = 4_000
View = dict[str, Any]


def status_of(trail: Trail) -> int:  # noqa: PLR0911 - one per state
    """Return the number of a task's state. It only grows: a job that goes back into line stays running."""
    update = trail.update
    match update:
        case Delivered():
            return COMPLETED
        case Broken():
            return FAILED
        case Cancelled():
            return CANCELLED
        case Progress():
            return CANCELLING if trail.cancelling else RUNNING
        case Queued(job=job):
            if trail.cancelling:
                return CANCELLING
            return RUNNING if job.attempt > 0 or trail.percent > 0 else QUEUED
        case None:
            return RECEIVED
        case _:
            assert_never(update)


def task_view(trail: Trail, post: Post | None, base: str, now: float) -> View:
    """Return the whole task."""
    job = trail.update.job if trail.update is not None else None
    assert job is not None
    address = Address.read(post.address) if post is not None and post.platform == PLATFORM else None
    return {
        "id": job.id,
        "short_id": job.id[:8],
        "app": APP,
        "status": status_of(trail),
        "input": job_input(job) if address is None else address.input,
        "output": output_of(trail, base),
        "error": describe(trail.update.fault, "en") if isinstance(trail.update, Broken) else "",
        "logs": trail.lines,
        "progress": progress_of(trail),
        "session_id": None,
        "webhook": None if address is None else address.webhook,
        "created_at": moment(job.created_at),
        "updated_at": moment(updated_at(trail, now)),
    }


def line_of(task: View) -> str:
    """Return a task as one line of a stream; an input too long for a line is cut there."""
    line = to_json(task)
    if len(line) > LONGEST_LINE:
        line = to_json(task | {"input": {"prompt": str(task["input"].get("prompt", ""))[:PROMPT_SHOWN]}})
    return line + "\n"


def progress_of(trail: Trail) -> float:
    """Return percent, one decimal."""
    return round(trail.percent, 1)


def updated_at(trail: Trail, now: float) -> float:
    """Return when the task changed last; one that goes on changes now."""
    update = trail.update
    return (update.job.ended_at or now) if isinstance(update, Final) else now


def job_input(job: Job) -> View:
    """Return what would have ordered a job that was ordered elsewhere."""
    recipe = job.recipe
    return {
        "prompt": recipe.prompt,
        "width": recipe.width,
        "height": recipe.height,
        "steps": recipe.steps,
        "shift": recipe.shift,
        "seed": recipe.seed,
    }


def output_of(trail: Trail, base: str) -> View | None:
    """Return the pictures of a completed task."""
    update = trail.update
    if not isinstance(update, Delivered) or not update.pictures:
        return None
    urls = [picture_url(picture, base) for picture in update.pictures]
    return {
        "image": urls[0],
        "images": urls,
        "seed": update.job.recipe.seed,
        "width": update.pictures[0].width,
        "height": update.pictures[0].height,
    }


def told_view(task: View) -> View:
    """Return the body of a webhook: exactly these keys."""
    names = ("id", "status", "output", "error", "session_id", "created_at", "updated_at")
    return {name: task[name] for name in names}
