"""A job as Pinxit's own dialect shows it. No I/O."""

from typing import Any, assert_never

from bot.adapters.api.times import moment
from bot.adapters.api.trails import Trail
from bot.links import picture_url
from bot.texts import describe
from bot.updates import Broken, Cancelled, Delivered, Progress, Queued, Update

NATIVE = "native"
View = dict[str, Any]


def job_view(trail: Trail, base: str, told: Update | None = None) -> View:
    """Return a job as it stands, or as an earlier event told it."""
    update = told or trail.update
    assert update is not None
    job = update.job
    step, steps = (update.step, update.steps) if isinstance(update, Progress) else (None, None)
    place, eta = (update.place, update.eta_seconds) if isinstance(update, Queued) else (None, None)
    return {
        "id": job.id,
        "state": _state(update),
        "created_at": moment(job.created_at),
        "ended_at": None if job.ended_at is None else moment(job.ended_at),
        "progress": round(trail.percent, 1),
        "step": step,
        "steps": steps,
        "place": place,
        "eta_seconds": None if eta is None else round(eta, 1),
        "price": job.price,
        "recipe": job.recipe.as_dict(),
        "count": job.count,
        "pictures": _pictures(update, base),
        "message": describe(update, "en"),
        "error": describe(update.fault, "en") if isinstance(update, Broken) else None,
    }


def _state(update: Update) -> str:
    match update:
        case Queued():
            return "queued"
        case Progress():
            return "running"
        case Delivered():
            return "succeeded"
        case Broken():
            return "failed"
        case Cancelled():
            return "cancelled"
        case _:
            assert_never(update)


def _pictures(update: Update, base: str) -> list[View]:
    if not isinstance(update, Delivered):
        return []
    return [
        {
            "url": picture_url(picture, base),
            "width": picture.width,
            "height": picture.height,
            "format": picture.format.value,
            "seed": update.job.recipe.picture(picture.index).seed,
            "size_bytes": picture.size_bytes,
        }
        for picture in update.pictures
    ]
