"""--lora: named, scaled, several, and kindly refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.options import Defaults, parse, render
from bot.refusals import BadOption, BadRecipe, UnknownLora
from bot.texts import LANGUAGES, describe
from generator.models import EMBEDDED_MODEL
from generator.recipe import MAX_LORA_SCALE, MIN_LORA_SCALE, Lora

SHELF = ("outline", "snow", "pixel-art")


def read(text, shelf=SHELF):
    return parse(text, EMBEDDED_MODEL, Defaults(loras=shelf))


def refused(text, kind, shelf=SHELF):
    with pytest.raises(kind) as caught:
        read(text, shelf)
    return caught.value


@pytest.mark.parametrize(
    ("typed", "loras"),
    [
        ("--lora snow", [Lora("snow", 1.0)]),
        ("--lora snow:0.8", [Lora("snow", 0.8)]),
        ("--lora=snow:-0.5", [Lora("snow", -0.5)]),
        ("--lora Snow:0,8", [Lora("snow", 0.8)]),
        ("—lora snow：0.8", [Lora("snow", 0.8)]),
        ("--loras snow,outline:2", [Lora("snow"), Lora("outline", 2.0)]),
        ("--lora snow:0,8，outline", [Lora("snow", 0.8), Lora("outline")]),
        ('--lora "snow: 0.8, outline"', [Lora("snow", 0.8), Lora("outline")]),
    ],
)
def test_a_lora_is_named_and_scaled_in_every_way_it_is_typed(typed, loras):
    wish = read(f"a fox {typed} in the woods")

    assert wish.loras == tuple(loras)
    assert wish.prompt == "a fox in the woods"


def test_the_option_may_be_repeated():
    wish = read("--lora snow:0.8 a fox --lora outline --lora pixel-art:0")

    assert wish.loras == (Lora("snow", 0.8), Lora("outline"), Lora("pixel-art", 0.0))


def test_an_unknown_lora_gets_the_nearest_guess_and_the_list():
    refusal = refused("a fox --lora snwo", UnknownLora)

    assert (refusal.guess, refusal.names) == ("snow", "outline, snow, pixel-art")
    assert describe(refusal, "en") == (
        "There is no LoRA “snwo”. Did you mean snow? These exist: outline, snow, pixel-art."
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("typed", "shelf"), [("snwo", SHELF), ("zzz", SHELF), ("snow", ())])
def test_every_language_says_what_there_is(language, typed, shelf):
    sentence = describe(refused(f"a fox --lora {typed}", UnknownLora, shelf), language)

    assert typed in sentence
    assert all(name in sentence for name in shelf)
    assert "{" not in sentence


def test_a_long_shelf_is_not_listed_whole():
    refusal = refused("a fox --lora zzz", UnknownLora, tuple(f"l{number}" for number in range(500)))

    assert refusal.names.count(",") == 20
    assert refusal.names.endswith("…")


@pytest.mark.parametrize("typed", ["snow:", "snow:much", "snow:0.8:1", ":0.8", "snow,,outline"])
def test_what_cannot_be_read_shows_an_example(typed):
    assert refused(f"a fox --lora {typed} b", BadOption).example == "--lora snow:0.8"


@pytest.mark.parametrize("typed", ["snow:2.1", "snow:-3", "snow:99999999999999999999"])
def test_a_scale_out_of_range_says_the_range(typed):
    refusal = refused(f"a fox --lora {typed}", BadRecipe)

    assert describe(refusal, "en") == "The strength of a LoRA must be a number from -2 to 2."


def test_the_same_lora_twice_is_refused():
    assert refused("a fox --lora snow --lora snow:0.5", BadRecipe).rule == "lora_twice"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "snow.safetensors", "снег", "a" * 5000])
def test_a_name_that_no_file_has_is_only_unknown(name):
    assert len(refused(f"a fox --lora {name}", UnknownLora).lora) <= 40


LORAS = st.lists(
    st.builds(Lora, st.sampled_from(SHELF), st.floats(MIN_LORA_SCALE, MAX_LORA_SCALE)),
    max_size=3,
    unique_by=lambda lora: lora.name,
).map(tuple)


@given(LORAS)
def test_what_is_rendered_is_read_again(loras):
    recipe = replace(read("a fox").recipe(EMBEDDED_MODEL, seed=7), loras=loras)

    assert read(render(recipe, 1)).recipe(EMBEDDED_MODEL, seed=1) == recipe
