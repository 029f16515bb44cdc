"""A name is shown in sentences of ours, and does nothing to them."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.shown_names import BIDI_CONTROLS, LONGEST_NAME, shown_name


@given(st.text(max_size=300))
def test_a_name_neither_turns_the_text_around_it_nor_leaves_its_line(name):
    shown = shown_name(name)

    assert len(shown) <= LONGEST_NAME
    assert not BIDI_CONTROLS & set(shown)
    assert not any(unicodedata.category(letter) == "Cc" for letter in shown)


def test_names_of_all_scripts_stay_as_they_are():
    for name in ("Анна", "小明", "אנה", "José 🦊", "👩‍👧 Nguyễn"):
        assert shown_name(name) == name


def test_a_tower_of_marks_does_not_reach_other_lines():
    assert len(shown_name("Z" + "\u0335" * 50)) == 5
