"""The owner's list of unwelcome words."""

import pytest

from bot.words import BadWords, Words, read_words

WORDS = Words(["gore", "dead body", "血腥", "Кровь"])


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("Gore in a field", "gore"),
        ("a DEAD  BODY", "dead body"),
        ("ｇｏｒｅ", "gore"),
        ("一幅血腥的画", "血腥"),
        ("кровь, много", "кровь"),
        ("gorgeous gorework", None),
        ("al gorey", None),
        ("", None),
    ],
)
def test_a_word_is_found_whole_in_any_case(prompt, found):
    assert WORDS.found_in(prompt) == found


def test_no_list_finds_nothing():
    assert Words().found_in("gore") is None


def test_the_file_has_a_word_in_a_line_and_remarks(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("# not here\ngore  # never\n\nblood\n")

    words = read_words(file)

    assert words.found_in("blood") == "blood"
    assert words.found_in("never") is None
    assert read_words(tmp_path / "none.txt").found_in("gore") is None


def test_a_file_that_is_no_text_is_told(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BadWords, match=r"words\.txt"):
        read_words(file)
