"""What people type after /imagine, on keyboards and on phones."""

import contextlib
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.options import Defaults, Wish, cleaned, parse, render
from bot.refusals import (
    BadOption,
    BadRecipe,
    OptionClash,
    OptionTwice,
    Refusal,
    TooManyPictures,
    UnknownOption,
)
from generator.messages import PictureFormat
from generator.models import EMBEDDED_MODEL, Z_IMAGE, Z_IMAGE_TURBO

DEFAULTS = Defaults(max_count=4)


def read(text, model=Z_IMAGE_TURBO) -> Wish:
    return parse(text, model, DEFAULTS)


def refused(text, kind) -> Refusal:
    with pytest.raises(kind) as caught:
        read(text, Z_IMAGE)
    return caught.value


def test_a_bare_prompt_takes_the_model_s_defaults():
    wish = read("a red fox in snow")

    assert (wish.width, wish.height, wish.steps, wish.shift) == (1024, 1024, 8, 3.0)
    assert (wish.prompt, wish.count, wish.seed, wish.negative) == ("a red fox in snow", 1, None, "")


def test_every_option_is_read():
    wish = read(
        "a fox --size 512x768 --seed 7 --steps 4 --n 2 --shift 2.5 --format webp --no text, logo", Z_IMAGE
    )

    assert (wish.width, wish.height, wish.seed, wish.steps, wish.count) == (512, 768, 7, 4, 2)
    assert (wish.shift, wish.format, wish.negative) == (2.5, PictureFormat.WEBP, "text, logo")


@pytest.mark.parametrize(
    "text",
    [
        "a fox --seed 7 --ar 16:9",
        "--ar 16:9 a fox --seed 7",
        "--seed 7 --ar 16:9 a fox",
        "a --seed 7 fox --ar 16:9",
        "a fox —seed 7 —ar 16:9",
        "a fox –seed 7 –ar 16:9",
        "a fox ——seed 7 -–ar 16:9",
        "a fox --seed=7 --ar=16:9",
        "a fox --SEED 7 --Ar 16x9",
        "a fox --seed: 7 --ar 16/9",
        "a fox --seed ７ --ar １６：９",
        "a fox --seed “7” --ar '16×9'",
        "a fox --seed 7, --ar 16 : 9",
        "a fox --ar 32:18 --seed +7",
        '"a fox" --seed 7 --ar 16:9',
        "“a fox”--seed 7 --ar 16:9",
        "«a fox» --seed 7 --aspect 16х9",
        "--seed 7 'a fox' --ar 16:9",
        "a\nfox\t--seed\x00 7\u200b --ar\u202e 16:9",
    ],
)
def test_order_dashes_quotes_and_keyboards_do_not_matter(text):
    wish = read(text)

    assert (wish.prompt, wish.seed, wish.width, wish.height) == ("a fox", 7, 1280, 720)


@pytest.mark.parametrize(
    "prose",
    [
        "black—white stripes",
        "a fox — in snow",
        "a fox -- in snow",
        "well--known place",
        "a fox -ar 16:9",
        "night —a lone wolf —seen at dawn",
        "she said —hello— and left",
        "он сказал —привет и ушёл",
        "half-timbered house, 1920-1930",
        'a sign that says "use --seed 7" in red',
        "a sign that says “--ar 16:9”",
        "a 12\" pizza and a 5' plate",
        "--5 degrees",
    ],
)
def test_ordinary_dashes_and_quoted_words_stay_prose(prose):
    wish = read(f"{prose} --seed 7")

    assert (wish.prompt, wish.seed) == (prose, 7)


@pytest.mark.parametrize(
    ("typed", "guess"),
    [
        ("--sed 7", "--seed"),
        ("--setps 8", "--steps"),
        ("--formt png", "--format"),
        ("--width 512", "--size"),
        ("—setps 7", "--steps"),
        ("--xyzzy", ""),
    ],
)
def test_an_unknown_flag_gets_did_you_mean(typed, guess):
    refusal = refused(f"a fox {typed}", UnknownOption)

    assert refusal.values() == {"option": "--" + typed.lstrip("-—").split()[0], "guess": guess}


@pytest.mark.parametrize(
    ("text", "negative", "prompt"),
    [
        ("--no text a red fox", "text", "a red fox"),
        ("--no text, logo a red fox --seed 7", "text, logo", "a red fox"),
        ("--no 'bad text' a red fox", "bad text", "a red fox"),
        ("a red fox --no bad text", "bad text", "a red fox"),
        ("a red fox --no text, logo --seed 7", "text, logo", "a red fox"),
        ("--no bad text --seed 7 a red fox", "bad text", "a red fox"),
    ],
)
def test_what_is_unwanted_ends_where_it_must(text, negative, prompt):
    wish = read(text, Z_IMAGE)

    assert (wish.negative, wish.prompt) == (negative, prompt)


def test_unwanted_words_in_quotes_are_no_prompt():
    assert refused('--no "bad text"', BadRecipe).rule == "empty_prompt"


def test_the_same_flag_twice_is_refused():
    assert refused("a fox --seed 7 --seed 8", OptionTwice).values() == {"option": "--seed"}


def test_a_ratio_and_a_size_together_are_refused():
    refused("a fox --ar 1:1 --size 512x512", OptionClash)


@pytest.mark.parametrize(
    "options",
    [
        "--ar 5:1",
        "--ar 0:1",
        "--ar 1:0",
        "--ar wide",
        "--ar 16",
        "--ar 16:9:4",
        "--ar",
        "--size big",
        "--size 512xx",
        "--size 512x512x3",
        "--seed",
        "--seed random",
        "--seed 1.5",
        "--seed --steps 8",
        "--seed " + "9" * 5000,
        "--steps many",
        "--shift nan",
        "--shift inf",
        "--shift 1e3",
        "--n 0",
        "--n -1",
        "--n few",
        "--no",
        "--format bmp",
    ],
)
def test_values_that_cannot_be_read_are_refused_with_an_example(options):
    refusal = refused(f"a fox {options}", BadOption)

    assert refusal.example.startswith(refusal.option)
    assert len(refusal.value) <= 40


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ("--size 8x512", "whole_range"),
        ("--size 512x3000", "whole_range"),
        ("--size 1000000x512", "whole_range"),
        ("--steps 0", "whole_range"),
        ("--steps 51", "whole_range"),
        ("--seed -1", "whole_range"),
        (f"--seed {2**63}", "whole_range"),
        ("--shift 0.5", "number_range"),
        ("--shift 99", "number_range"),
    ],
)
def test_values_out_of_range_get_the_recipe_s_sentence(options, rule):
    assert refused(f"a fox {options}", BadRecipe).rule == rule


def test_too_many_pictures_are_refused():
    assert refused("a fox --n 5", TooManyPictures).values() == {"count": 5, "limit": 4}


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        "   ",
        "\u200b\u200d",
        "\x00\x01",
        "\u202e",
        "--ar 16:9",
        '""',
        "\u3164",
        "\ufe0f",
        "\ud800",
        "\u3164 --ar 1:1",
        "“\u2800”",
    ],
)
def test_what_nobody_can_see_is_an_empty_prompt(nothing):
    assert refused(nothing, BadRecipe).rule == "empty_prompt"


def test_a_prompt_too_long_is_refused_however_long():
    for length in (32_001, 40_000, 1_000_000):
        assert refused("x" * length, BadRecipe).rule == "prompt_too_long"


@pytest.mark.parametrize("prompt", ["🦊", "👩‍🚀", "שועל אדום בשלג", "红色的圆", "красный круг", "<b>fox</b>"])
def test_emoji_and_every_script_are_prompts(prompt):
    assert read(prompt).prompt == prompt


@pytest.mark.parametrize(
    ("size", "rounded"),
    [("500x771", (504, 768)), ("66x2049", (64, 2048)), ("512", (512, 512)), ("60×64", (64, 64))],
)
def test_sizes_are_rounded_to_what_can_be_drawn(size, rounded):
    wish = read(f"a fox --size {size}")

    assert (wish.width, wish.height) == rounded


def test_presets_come_from_the_model_and_other_ratios_keep_its_area():
    preset, free = read("a fox --ar 16:9", EMBEDDED_MODEL), read("a fox --ar 2.35:1", EMBEDDED_MODEL)

    assert (preset.width, preset.height) == (336, 192)
    assert free.width / free.height == pytest.approx(2.35, rel=0.05)
    assert free.width * free.height == pytest.approx(256 * 256, rel=0.05)


@pytest.mark.parametrize("part", ["“ ", "“a ", '"a ', "«", "--", "—", "„ ", "- ", "--no ‘"])
def test_long_nonsense_is_read_in_no_time(part):
    with contextlib.suppress(Refusal):
        read(part * (31_000 // len(part)))


PIECES = st.one_of(
    st.sampled_from(
        [
            "--",
            "—",
            "–",
            "--ar",
            "--seed",
            "--no",
            "--n",
            "--size",
            "16:9",
            "7",
            "512x512",
            '"',
            "“",
            "”",
            "'",
        ]
    ),
    st.sampled_from(
        ["«", "»", "a", "fox", "=", ":", ",", "--xyz", "-", "\u202e", "\n", "🦊", "--format", "png"]
    ),
    st.text(max_size=4),
)
TYPED = st.lists(st.tuples(PIECES, st.sampled_from(["", " "])), max_size=14).map(
    lambda pieces: "".join(piece + space for piece, space in pieces)
)


@given(TYPED | st.text())
@example("--shift ²")
@example("--ar ٣:٤ x")
@example("--seed ⁷ x")
def test_whatever_is_typed_is_a_wish_or_a_refusal(text):
    with contextlib.suppress(Refusal):
        assert read(text).recipe(Z_IMAGE_TURBO, seed=0).prompt


@given(TYPED)
@example('"--ar 16:9" is a ratio')
@example('"“abc”"')
@example("'--seed'")
def test_options_rendered_for_editing_say_the_same(text):
    try:
        wish = read(text)
    except Refusal:
        return
    recipe = wish.recipe(Z_IMAGE_TURBO, seed=12)

    again = read(render(recipe, wish.count, wish.format))

    assert again.recipe(Z_IMAGE_TURBO, seed=0) == recipe
    assert (again.count, again.format) == (wish.count, wish.format)


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    assert cleaned(cleaned(text)) == cleaned(text)


@given(st.text(alphabet=string.ascii_letters + " ,.'-", min_size=1))
def test_plain_words_are_left_as_they_are(text):
    squeezed = " ".join(text.split())
    if squeezed.strip("-'") != squeezed or not squeezed or "--" in squeezed:
        return

    assert read(text).prompt == squeezed
