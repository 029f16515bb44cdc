"""Shows what was cancelled without its owner's asking."""

from collections.abc import Iterable

from bot.delivery import Delivery
from bot.updates import Cancelled
from storage.records import Job, Post


def show_cancelled(delivery: Delivery, jobs: Iterable[tuple[Job, Post | None]]) -> None:
    """Let the posts of cancelled jobs say so."""
    for job, post in jobs:
        if post is not None:
            delivery.push(post, Cancelled(job=job))
