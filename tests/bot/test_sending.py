"""What is known of a request that is drawn: whom it would let by, and how much of it is left."""

from dataclasses import replace

import pytest
from stage import a_job

from bot.flight import Flight
from bot.sending import Sending
from generator.letting_by import LATER, SHORT
from generator.messages import Begun
from generator.recipe import Lora

LONG, BRIEF = 20.0, 1.0


def a_sending(*seconds):
    """A request of jobs of so many seconds, begun at 100."""
    flights = [Flight(a_job(f"job {number}", each)) for number, each in enumerate(seconds)]
    for flight in flights:
        flight.together = len(flights)
        flight.note(Begun())
        flight.began_at = 100.0
    return Sending(flights=flights, seconds=sum(seconds), begun=True)


def test_a_long_request_lets_a_short_job_by_and_says_how_much_of_it_is_left():
    assert a_sending(LONG).spared_seconds(a_job("short", BRIEF), 105.0) == LONG - 5.0


def test_of_a_batch_all_is_left_that_is_left_of_its_jobs():
    assert a_sending(LONG, LONG).spared_seconds(a_job("short", BRIEF), 110.0) == 2 * LONG - 10.0


@pytest.mark.parametrize(
    ("job", "now"),
    [
        (a_job("too long", SHORT * LONG), 101.0),
        (a_job("short", BRIEF), 100.0 + LONG - BRIEF / SHORT + 0.1),
        (replace(a_job("dressed", BRIEF), recipe=replace(a_job("x").recipe, loras=(Lora("snow"),))), 101.0),
    ],
    ids=["too long", "too late", "dressed otherwise"],
)
def test_who_is_not_let_by_waits_for_all_of_it(job, now):
    assert a_sending(LONG).spared_seconds(job, now) == 0.0


def test_what_has_not_begun_lets_nobody_by():
    assert (
        Sending(flights=[Flight(a_job("long", LONG))], seconds=LONG).spared_seconds(a_job("x", BRIEF), 0.0)
        == 0
    )


def test_seconds_of_pauses_are_not_its_own_and_use_its_patience_up():
    sending = a_sending(LONG)
    [flight] = sending.flights

    flight.pause(104.0)
    meanwhile = sending.spared_seconds(a_job("short", BRIEF), 110.0)
    flight.resume(104.0 + LATER * LONG - BRIEF)
    once = sending.spared_seconds(a_job("short", BRIEF), 104.0 + LATER * LONG - BRIEF)
    flight.pause(120.0)
    flight.resume(120.1)

    assert meanwhile == once == LONG - 4.0
    assert sending.spared_seconds(a_job("short", BRIEF), 120.1) == 0.0
