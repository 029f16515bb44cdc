"""Two dots mean the last order, with what is added."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import a_job

from bot.again import again, asks_again
from bot.options import Defaults, parse
from generator.models import EMBEDDED_MODEL

JOB = a_job("j1")  # a star, 256×256, seed 7


def wish(text):
    return parse(again(JOB, text), EMBEDDED_MODEL, Defaults())


def test_alone_they_order_the_same_with_another_seed():
    repeated = wish("..")

    assert (repeated.prompt, repeated.width, repeated.steps, repeated.seed) == ("a star", 256, 8, None)


def test_words_follow_the_prompt_and_options_take_the_place_of_its_own():
    repeated = wish(".. at night --steps 3 --ar 16:9")

    assert (repeated.prompt, repeated.steps) == ("a star, at night", 3)
    assert repeated.width > repeated.height


def test_a_negative_prompt_that_did_nothing_is_not_repeated():
    job = replace(JOB, recipe=replace(JOB.recipe, negative_prompt="text"))

    assert parse(again(job, ".."), EMBEDDED_MODEL, Defaults()).negative == ""


def test_a_seed_that_is_given_counts():
    assert wish(".. --seed 5").seed == 5


@pytest.mark.parametrize("text", ["..", ".. at night", "… at night", "  .."])
def test_dots_at_the_start_are_understood(text):
    assert asks_again(text)
    assert not asks_again("a fox..")


@given(st.text(alphabet=st.sampled_from("ab \"-.'=no,"), max_size=20))
def test_no_added_words_are_read_as_something_else(words):
    if "--" not in words and "-" not in words:
        assert wish(f".. {words}").steps == 8
