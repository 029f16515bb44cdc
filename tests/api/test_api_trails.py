"""What is remembered of a job for whoever follows it: little, however long it waits."""

from dataclasses import replace

from stage import a_job

from bot.adapters.api.trails import Trail
from bot.updates import Progress, Queued


def waiting(place: int) -> Queued:
    job = replace(a_job("x"), created_at=1.0 * place)  # read anew each time, so no two are one object
    return Queued(job=job, place=place, eta_seconds=10.0 * place, loading=False)


def test_a_place_in_line_replaces_the_one_before():
    trail = Trail()

    for place in range(30, 0, -1):
        trail.tell(waiting(place))

    assert [(number, update.place) for number, update in trail.events] == [(30, 1)]
    assert len(trail.lines) == 1


def test_whoever_comes_back_hears_every_step():
    trail = Trail()
    trail.tell(waiting(1))

    for step in range(1, 4):
        trail.tell(Progress(job=a_job("x"), step=step, steps=3, previews=((0, b"a preview"),)))

    told = [update for number, update in trail.events if number > 1]
    assert [(update.step, update.previews) for update in told] == [(1, ()), (2, ()), (3, ())]
    assert len(trail.lines) == len(set(trail.lines)) == 4
