"""Presets over the prompt: ours, and the owner's over them."""

import pytest

from bot.options import Defaults, parse
from bot.refusals import UnknownStyle
from bot.styles import BadStyles, Style, Styles, read_styles
from bot.texts import LANGUAGES
from generator.models import Z_IMAGE

INK = Style(
    name="ink",
    template="Ink: {prompt}.",
    negative="colour",
    aspect="3:4",
    steps=12,
    titles={"en": "Ink wash", "ru": "Тушь"},
)
DEFAULTS = Defaults(styles=Styles([INK]))


def read(text):
    return parse(text, Z_IMAGE, DEFAULTS)


def test_a_style_is_a_template_with_options_of_its_own():
    wish = read("a heron --style ink")

    assert (wish.prompt, wish.negative) == ("Ink: a heron.", "colour")
    assert (wish.width, wish.height, wish.steps) == (864, 1152, 12)


def test_an_option_wins_over_the_style_s():
    wish = read("a heron --style ink --ar 16:9 --steps 4 --no text")

    assert (wish.width, wish.height, wish.steps, wish.negative) == (1280, 720, 4, "text, colour")


@pytest.mark.parametrize("typed", ["ink", "INK", '"Ink wash"', "ink-wash", "тушь"])
def test_a_style_is_called_by_its_name_or_a_title(typed):
    assert read(f"a heron --style {typed}").prompt == "Ink: a heron."


def test_an_unknown_style_is_refused_with_the_nearest():
    with pytest.raises(UnknownStyle) as caught:
        read("a heron --style inc")

    assert caught.value.guess == "ink"


def test_braces_in_a_prompt_are_braces():
    assert read("a {prompt} in {0} --style ink").prompt == "Ink: a {prompt} in {0}."


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_styles_have_a_title_in_every_language(language):
    assert [style.name for style in read_styles().all() if language not in style.titles] == []


def test_completions_begin_with_what_was_typed_then_hold_it():
    names = [style.name for style in read_styles().completions("p", "en")]

    assert names[:3] == ["photo", "pixel", "portrait"]
    assert "clay" not in names
    assert [style.name for style in read_styles().completions("Аква", "ru")] == ["watercolour"]


def test_the_owner_adds_replaces_and_hides(tmp_path):
    file = tmp_path / "styles.toml"
    file.write_text(
        '[photo]\ntemplate = "My photo of {prompt}"\n[oil]\nhidden = true\n'
        '[neon]\ntemplate = "{prompt} in neon"\ntitle = "Neon"\n'
    )

    styles = {style.name: style for style in read_styles(file).all()}

    assert styles["photo"].template == "My photo of {prompt}"
    assert "oil" not in styles
    assert styles["neon"].title("ru") == "Neon"


@pytest.mark.parametrize(
    "text",
    [
        '[photo]\ntemplate = "no place for it"',
        '[Photo!]\ntemplate = "{prompt}"',
        '[photo]\ntemplate = "{prompt}"\nsteps = 500',
        '[photo]\ntemplate = "{prompt}"\naspect = "wide"',
        '[photo]\ntemplate = "{prompt}"\ncolour = "red"',
        "[photo]\ntemplate = 7",
        '[photo]\ntemplate = "{prompt}"\nsteps = "many"',
        'template = "{prompt}"',
        "[photo",
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_sentence(tmp_path, text):
    file = tmp_path / "styles.toml"
    file.write_text(text)

    with pytest.raises(BadStyles, match=r"styles\.toml"):
        read_styles(file)
