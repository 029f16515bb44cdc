"""What an order costs is told while it is typed, and nothing is done."""

import pytest
from stage import ScriptedGenerator, playing
from test_starts import a_picture, draws_real_files

from bot.commands import From, Imagine, KeepPicture, PictureOf, PriceOrder
from bot.refusals import NothingToBlend, StartUnknown, TooManyAlternatives
from bot.updates import Delivered, Queued, SeveralAsked


@pytest.fixture
async def stage(tmp_path):
    async with playing(ScriptedGenerator(usually=draws_real_files), tmp_path) as playing_stage:
        yield playing_stage


def order(stage, text, start=None):
    return Imagine(by=stage.person("Ada"), key=stage.key(), text=text, post=stage.post(), start=start)


async def priced(stage, text, start=None):
    wanted = order(stage, text, start)
    return await stage.service.answer(PriceOrder(wanted.by, wanted))


@pytest.mark.parametrize("text", ["a fox", "a fox --n 3 --size 512x512", "a fox --steps 20", "a {b|c} fox"])
async def test_the_price_is_that_of_the_order(stage, text):
    told = await priced(stage, text)
    answer = await stage.service.answer(order(stage, text))

    assert told.price == (answer.price if isinstance(answer, SeveralAsked) else answer.job.price)


async def test_of_a_start_only_the_size_and_the_strength_count(stage):
    answer = await stage.service.answer(order(stage, "a star --size 1024x512"))
    await stage.audience.sees(answer.job.id, Delivered)
    kept = await stage.service.answer(KeepPicture(by=stage.person("Ada"), file=a_picture(size=(320, 180))))
    for start in (
        From(picture=PictureOf(answer.job.id), strength=0.3),
        From(picture=kept.sha256, other=PictureOf(answer.job.id), mask=kept.sha256),
    ):
        told = await priced(stage, "a moon --steps 40", start)
        paid = await stage.service.answer(order(stage, "a moon --steps 40", start))

        assert isinstance(paid, Queued)
        assert told.price == paid.job.price


async def test_nothing_is_accepted_and_no_rate_is_used_up(stage):
    for _ in range(100):
        await priced(stage, "a fox")

    assert await stage.store.queued() == []
    assert await stage.service.answer(order(stage, "a fox"))


async def test_a_price_is_told_whether_or_not_there_is_enough(stage):
    told = await priced(stage, "a {a|b|c|d} fox --n 4 --size 2048x2048 --steps 50")

    assert told.price > told.balance.available


@pytest.mark.parametrize(
    ("text", "start", "refusal"),
    [
        ("a fox --share 0.3", None, NothingToBlend),
        ("a fox", From(picture="ab" * 32), StartUnknown),
        ("{a|b}{a|b}{a|b}{a|b}{a|b}", None, TooManyAlternatives),
    ],
)
async def test_what_could_not_be_ordered_has_no_price(stage, text, start, refusal):
    assert isinstance((await priced(stage, text, start)).refusal, refusal)
