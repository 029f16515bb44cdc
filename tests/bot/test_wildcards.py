"""Wildcards: {red|blue} stands for several texts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import TooManyAlternatives
from bot.wildcards import MOST, alternatives, escaped, literal, plain

BRACED = st.text(alphabet="{|}\\ab ", max_size=40)
WORDS = st.text(alphabet="abc ", max_size=4)


@st.composite
def grown(draw, depth=2):
    """A text with groups and the texts that it stands for."""
    if depth == 0 or draw(st.booleans()):
        word = draw(WORDS)
        return word, [word]
    parts = draw(st.lists(grown(depth=depth - 1), min_size=2, max_size=3))
    before, after = draw(WORDS), draw(grown(depth=0))
    chosen = [choice for _, choices in parts for choice in choices]
    text = before + "{" + "|".join(text for text, _ in parts) + "}" + after[0]
    return text, [before + one + other for one, other in itertools.product(chosen, after[1])]


def test_each_alternative_is_a_text_of_its_own():
    assert alternatives("a {red|blue} fox --n 2") == ("a red fox --n 2", "a blue fox --n 2")


def test_several_groups_multiply_and_the_last_changes_fastest():
    assert alternatives("{red|blue} {fox|owl}") == ("red fox", "red owl", "blue fox", "blue owl")


def test_groups_stand_in_groups():
    assert alternatives("a {{red|blue} fox|cat}") == ("a red fox", "a blue fox", "a cat")


def test_nothing_is_an_alternative_too():
    assert alternatives("a {red |}fox") == ("a red fox", "a fox")


@pytest.mark.parametrize(
    "prose",
    ["a fox", "{prompt}", '{"a": 1}', "a | b", "{a|b", "a|b}", "}{", "a \\{red|blue} fox", "\\{a\\|b\\}", ""],
)
def test_other_braces_are_prose(prose):
    assert alternatives(prose) == (prose,)


def test_a_backslash_takes_the_meaning_away_and_is_not_painted():
    [text] = alternatives(r"a \{red\|blue\} fox")

    assert literal(text) == "a {red|blue} fox"


def test_a_brace_that_is_never_closed_does_not_hide_a_group_behind_it():
    assert alternatives("{ {a|b}") == ("{ a", "{ b")


@pytest.mark.parametrize(
    "text", ["{a|b}" * 5, "{" + "|" * MOST + "}", "{a|b}" * 20_000, "{" * 9000 + "|}" * 9000]
)
def test_more_than_can_be_ordered_together_are_refused(text):
    with pytest.raises(TooManyAlternatives) as caught:
        alternatives(text)

    assert caught.value.limit == MOST


@given(grown())
def test_what_a_text_stands_for_is_known_from_how_it_grew(both):
    text, meant = both

    if len(meant) > MOST:
        with pytest.raises(TooManyAlternatives):
            alternatives(text)
    else:
        assert list(alternatives(text)) == meant


@given(BRACED)
def test_a_chosen_text_stands_for_itself(text):
    try:
        chosen = alternatives(text)
    except TooManyAlternatives:
        return

    assert all(alternatives(each) == (each,) for each in chosen)


@given(BRACED)
def test_whatever_is_escaped_is_painted_as_it_is(text):
    for spell in (escaped, plain):
        assert alternatives(spell(text)) == (spell(text),)
        assert literal(spell(text)) == text
