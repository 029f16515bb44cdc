"""A short request passes a long one in the real process with the embedded model; no byte of it changes."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from wishes import wish

from generator.messages import Begun, End, Finished, Paused, Resumed, StepDone

DEADLINE = 300
LONG = wish("a", "b", steps=16)
SHORT = wish("short", width=192, height=192, steps=2, seed=9)


@pytest.fixture
def told():
    """What everybody hears, in its order: (who, event)."""
    return []


async def drawn(client, name, request, told, begun=None):
    async with asyncio.timeout(DEADLINE), aclosing(client.generate(request)) as events:
        async for event in events:
            told.append((name, event))
            if begun is not None and isinstance(event, StepDone):
                begun.set()


def of(name, told, kind=object):
    return [event for who, event in told if who == name and isinstance(event, kind)]


def files(name, told):
    return {event.order: event.file for event in of(name, told, Finished)}


async def both(client, told, long, short):
    """Send the short one once the long one has done a step; return when both have ended."""
    stepped = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(drawn(client, "long", long, told, stepped))
        await stepped.wait()
        await drawn(client, "short", short, told)


async def test_a_short_request_ends_before_a_long_one_and_both_are_what_they_are_alone(client, told):
    for name, request in (("long alone", LONG), ("short alone", SHORT)):
        await drawn(client, name, request, told)

    await both(client, told, replace(LONG, seconds=30.0), replace(SHORT, seconds=1.0))

    assert files("long", told) == files("long alone", told)
    assert files("short", told) == files("short alone", told)
    assert [who for who, event in told if event == End()][2:] == ["short", "long"]
    assert [type(event) for event in of("long", told, Begun | Paused | Resumed | End)] == [
        Begun, Paused, Resumed, End
    ]  # fmt: skip
    assert [event.step for event in of("long", told, StepDone)] == [*range(1, 17)]
    paused, resumed = (
        next(i for i, (_, e) in enumerate(told) if isinstance(e, k)) for k in (Paused, Resumed)
    )
    assert {who for who, event in told[paused:resumed] if isinstance(event, StepDone)} <= {"short"}


async def test_who_does_not_say_how_long_it_takes_is_drawn_in_its_order(client, told):
    await both(client, told, replace(LONG, seconds=30.0), SHORT)

    assert [who for who, event in told if event == End()] == ["long", "short"]
    assert not of("long", told, Paused | Resumed)
