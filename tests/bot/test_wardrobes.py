"""Jobs come to painters that wear their LoRAs already: which those are, alone and through the dispatcher."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import ScriptedGenerator, dies_while_drawing, is_not_reached, playing
from stage import draws as draw

from bot.updates import Delivered
from bot.wardrobes import Wardrobes


@given(st.lists(st.sampled_from(["", "ink", "snow"])), st.integers(1, 8))
def test_painters_that_take_turns_wear_what_each_drew_last(sent, painters):
    wardrobes, wearing = Wardrobes(), [""] * painters

    for number, wardrobe in enumerate(sent):
        assert wardrobes.next(painters) == wearing[number % painters]
        wardrobes.sent(wardrobe)
        wearing[number % painters] = wardrobe


def test_after_a_loss_nobody_wears_anything():
    wardrobes = Wardrobes()
    wardrobes.sent("snow")

    wardrobes.lost()

    assert wardrobes.next(1) == ""


async def worn_when_claiming(tmp_path, generator, texts):
    """Draw these one after the other and return with what on each was looked for."""
    looked_for = []
    async with playing(generator, tmp_path) as stage:
        claim = stage.store.claim

        async def noted(lease, now, worn=""):
            job = await claim(lease, now, worn)
            if job is not None:
                looked_for.append(worn)
            return job

        stage.store.claim = noted
        for text in texts:
            answer = await stage.imagine(text)
            await stage.audience.sees(answer.job.id, Delivered)
    return looked_for


@pytest.mark.parametrize("painters", [1, 2])
async def test_a_job_is_looked_for_that_wears_what_its_painter_wears(tmp_path, painters):
    generator = ScriptedGenerator(usually=draw, painters=painters)
    texts = ["a cat --lora snow", "a dog --lora outline", "a cow --lora outline", "a hen"]

    worn = await worn_when_claiming(tmp_path, generator, texts)

    snow, outline = worn[painters], worn[painters + 1]
    assert worn[:painters] == [""] * painters
    assert "" != snow != outline != ""


@pytest.mark.parametrize("trouble", [dies_while_drawing, is_not_reached])
async def test_a_painter_that_starts_anew_wears_nothing(tmp_path, trouble):
    generator = ScriptedGenerator(draw, trouble, usually=draw)

    worn = await worn_when_claiming(tmp_path, generator, ["a cat --lora snow", "a dog --lora snow"])

    assert worn[0] == ""
    assert worn[1] != ""
    assert worn[2] == ""
