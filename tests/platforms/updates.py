"""Every update of a job, and a job whose values are as long as can be: what a chat must have room for."""

from collections.abc import Iterator
from dataclasses import replace

from bot.updates import Broken, Cancelled, Delivered, Progress, Queued, Update
from generator.messages import Fault, PictureFormat
from generator.models import Z_IMAGE
from generator.recipe import MAX_LORAS, MAX_PROMPT, Lora, Recipe, Start
from storage.records import Job, JobState, Picture
from tests.bot.stage import a_job

LORAS = tuple(Lora(name=f"{'x' * 40}{number}", scale=-1.25) for number in range(MAX_LORAS))


def longest_job(letter: str) -> Job:
    """Return a job with a prompt of this letter alone."""
    recipe = Recipe(
        prompt=letter * (MAX_PROMPT // len(letter)),
        negative_prompt=letter * (MAX_PROMPT // len(letter)),
        model=Z_IMAGE.name,
        width=2048,
        height=2048,
        steps=50,
        seed=2**63 - 1,
        guidance=12.25,
        loras=LORAS,
        start=Start(picture="0" * 64, strength=0.0),
    )
    plain = replace(a_job("j" * 16), state=JobState.QUEUED)
    return replace(plain, recipe=recipe, count=4, format=PictureFormat.JPEG, price=99_999)


def everything(job: Job) -> Iterator[Update]:
    """Yield every update there can be of a job."""
    picture = Picture(
        job=job.id,
        index=0,
        sha256="0" * 64,
        format=job.format,
        width=2048,
        height=2048,
        size_bytes=1,
        truncated=True,
        secret="s",
    )
    pictures = tuple(replace(picture, index=index) for index in range(16))
    yield Queued(job=job, place=99_999, eta_seconds=1e9)
    yield Queued(job=job, place=99_999, eta_seconds=1e9, loading=0.999)
    yield from (Progress(job=job, step=step, steps=50) for step in (0, 50))
    yield from (Delivered(job=job, pictures=pictures[:count]) for count in (0, 1, 2, 16))
    yield from (Broken(job=job, fault=fault) for fault in Fault)
    yield Cancelled(job=job)
