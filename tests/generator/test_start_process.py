"""Pictures to start from, through the real process with the embedded model."""

import asyncio
import io
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from wishes import PLAIN

from generator.messages import (
    End,
    Failed,
    Fault,
    Finished,
    Generate,
    Order,
    Preview,
    Ready,
    StepDone,
    name_of,
)
from generator.metadata import read_recipe
from generator.recipe import Start

DEADLINE = 300
RED, BLUE = (220, 30, 40), (30, 60, 220)


def png(picture):
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def a_circle(size=(256, 256)):
    picture = Image.new("RGB", size, BLUE)
    picture.paste(RED, (size[0] // 3, size[1] // 3, 2 * size[0] // 3, 2 * size[1] // 3))
    return picture


def right_half(size=(256, 256)):
    mask = Image.new("L", size, 0)
    mask.paste(255, (size[0] // 2, 0, *size))
    return mask


def request(picture: bytes, *others: bytes, count=1, **values):
    changes = {name: values.pop(name) for name in ("strength", "mask", "other") if name in values}
    recipe = replace(PLAIN, **({"steps": 8} | values), start=Start(picture=name_of(picture), **changes))
    orders = tuple(Order(id=str(n), recipe=recipe.picture(n)) for n in range(count))
    return Generate(orders=orders, pictures=(picture, *others))


async def drawn(client, wanted):
    async with asyncio.timeout(DEADLINE), aclosing(client.generate(wanted)) as events:
        return [event async for event in events]


def pictures(events):
    return {
        event.order: np.asarray(Image.open(io.BytesIO(event.file)), int)
        for event in events
        if isinstance(event, Finished)
    }


async def test_only_the_schedules_end_is_drawn_and_told(client):
    wanted = request(png(a_circle()), strength=0.5, steps=40)

    events = await drawn(client, wanted)

    assert [event for event in events if isinstance(event, StepDone)] == [
        StepDone(step, 20) for step in range(1, 21)
    ]
    assert any(isinstance(event, Preview) for event in events)
    assert events[-1] == End()
    assert read_recipe(events[-2].file) == wanted.orders[0].recipe


async def test_a_little_strength_leaves_the_picture_nearly_alone_and_much_does_not(client):
    picture = a_circle()

    changes = {}
    for strength in (0.1, 1.0):
        events = await drawn(client, request(png(picture), prompt="a yellow star", strength=strength))
        changes[strength] = np.abs(pictures(events)["0"] - np.asarray(picture, int)).mean()

    assert changes[0.1] < 8
    assert changes[1.0] > 30


async def test_outside_the_mask_every_pixel_is_what_it_was(client):
    picture, mask = a_circle(), png(right_half())

    events = await drawn(
        client, request(png(picture), mask, mask=name_of(mask), strength=1.0, prompt="a yellow background")
    )

    found = pictures(events)["0"]
    assert np.array_equal(found[:, :120], np.asarray(picture, int)[:, :120])
    assert np.abs(found[:, 140:] - np.asarray(picture, int)[:, 140:]).mean() > 5


@pytest.mark.parametrize("size", [(64, 200), (1024, 256), (300, 300), (2048, 2048)])
async def test_a_picture_of_any_size_comes_to_the_size_of_the_recipe(client, size):
    mask = png(right_half())
    wanted = request(png(a_circle(size)), mask, mask=name_of(mask), strength=0.2, width=312, height=200)

    found = pictures(await drawn(client, wanted))["0"]

    assert found.shape == (200, 312, 3)


async def test_several_pictures_from_one_start_differ(client):
    found = pictures(await drawn(client, request(png(a_circle()), count=3, strength=0.8)))

    assert len(found) == 3
    assert not np.array_equal(found["0"], found["1"])


async def test_with_no_strength_the_picture_is_only_brought_to_its_size(client):
    wanted = request(png(a_circle()), strength=0, width=512, height=512)

    events = await drawn(client, wanted)

    found = pictures(events)["0"]
    assert not any(isinstance(event, StepDone) for event in events)
    assert found.shape == (512, 512, 3)
    assert tuple(found[256, 256]) == RED
    assert tuple(found[5, 5]) == BLUE
    assert read_recipe(events[-2].file) == wanted.orders[0].recipe


async def test_between_two_pictures_lies_a_third(client):
    one, other = png(a_circle()), png(Image.new("RGB", (256, 256), (250, 220, 40)))

    found = pictures(await drawn(client, request(one, other, other=name_of(other), strength=0.2)))["0"]

    for end in (one, other):
        assert np.abs(found - np.asarray(Image.open(io.BytesIO(end)), int)).mean() > 10


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture", png(a_circle())[:-300], png(Image.new("RGB", (4096, 64)))],
    ids=["nothing", "a text", "cut off", "too wide"],
)
async def test_a_picture_that_cannot_be_read_ends_the_order_and_the_process_lives(client, content):
    events = await drawn(client, request(content))

    assert events[-2:] == [Failed("0", Fault.START_GONE), End()]
    assert isinstance(await client.health(), Ready)
