"""Numbers, lengths of time and places, as each language writes them."""

import subprocess
import sys

import pytest

from bot.texts import LANGUAGES, about, duration, language_for, number, place, say


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "1 s"),
        (0.2, "1 s"),
        (11.2, "12 s"),
        (90, "90 s"),
        (91, "2 min"),
        (3600, "60 min"),
        (7200, "2 h"),
        (129_601, "2 days"),
        (float("inf"), "99 days"),
        (float("nan"), "1 s"),
    ],
)
def test_a_length_of_time_is_rounded_up_so_that_coming_back_then_works(seconds, text):
    assert duration("en", seconds) == text


def test_an_estimate_says_that_it_is_one():
    assert [about(language, 150) for language in LANGUAGES] == ["about 3 min", "примерно 3 мин", "约 3 分钟"]


@pytest.mark.parametrize(
    ("position", "text"),
    [(0, "next"), (1, "next"), (2, "2nd in line"), (3, "3rd in line"), (4, "4th in line"),
     (11, "11th in line"), (21, "21st in line"), (112, "112th in line")],
)  # fmt: skip
def test_english_has_ordinals(position, text):
    assert place("en", position) == text


def test_russian_and_chinese_have_places_too():
    assert place("ru", 3) == "3-й в очереди"
    assert place("zh", 3) == "排在第 3 位"


def test_numbers_are_written_as_the_language_writes_them():
    assert [number(language, 40_000) for language in LANGUAGES] == ["40,000", "40\xa0000", "40,000"]
    assert [number(language, 0.25) for language in LANGUAGES] == ["0.25", "0,25", "0.25"]


def test_a_size_has_no_separator():
    assert number("en", 1024) == "1024"


def test_words_for_a_number_are_left_to_the_page():
    assert say("en", "web_numbered", number="{number}", count="{count}") == "Picture {number} of {count}"


def test_a_sentence_without_its_values_is_a_bug():
    with pytest.raises(KeyError):
        say("en", "progress", step=3)
    with pytest.raises(KeyError):
        say("en", "no such key")


@pytest.mark.parametrize(
    ("tag", "language"), [("ru-RU", "ru"), ("zh_Hans", "zh"), ("ZH-cn", "zh"), ("", "en"), ("pt", "en")]
)
def test_a_tag_finds_its_language(tag, language):
    assert language_for(tag) == language


def test_the_texts_bring_no_heavy_library_along():
    code = (
        "import sys, bot.texts; print(*{'torch', 'numpy', 'PIL', 'starlette', 'aiohttp'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
