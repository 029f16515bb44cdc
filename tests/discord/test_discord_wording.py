"""What people typed is shown as typed, whatever it holds."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.discord.address import Address
from bot.adapters.discord.front import api_base
from bot.adapters.discord.wording import MOST_OF_PROMPT, code, cut, shown
from bot.pages import bar

ESCAPED = re.compile(r"\\[^A-Za-z0-9\s]")  # as Discord reads a backslash
MARKUP = set("*_~|`>#[]<@")


@given(st.text(max_size=3000))
def test_no_markup_is_left_and_the_length_is_kept(text):
    result = shown(text)

    assert not MARKUP & set(ESCAPED.sub("", result))
    assert len(result) <= MOST_OF_PROMPT + 1


@given(st.text(max_size=3000))
def test_a_block_to_copy_cannot_be_left_from_inside(text):
    block = code(text)

    assert "```" not in block.removeprefix("```\n").removesuffix("\n```")
    assert len(block) < 1600


def test_plain_words_stay_plain():
    assert shown("a fox,  in\nsnow (at night)") == "a fox, in snow (at night)"


def test_a_bar_is_empty_at_the_start_and_full_at_the_end():
    assert [bar(0, 8), bar(4, 8), bar(8, 8)] == ["▱" * 10, "▰" * 5 + "▱" * 5, "▰" * 10]


def test_a_list_ends_where_a_message_is_full():
    text = cut(["x" * 300] * 10)

    assert len(text) <= 2000
    assert text.endswith("…")


def test_an_address_survives_being_stored():
    address = Address(
        application=1,
        token="t",
        born=5.0,
        channel=2,
        message=None,
        guild=3,
        user=4,
        private=True,
        member=False,
        limit=10,
    )

    assert Address.read(address.text()) == address
    assert address.token_lives(5.0 + 14 * 60)
    assert not address.token_lives(5.0 + 15 * 60)


def test_the_api_s_version_is_added_where_it_is_missing():
    assert api_base("http://127.0.0.1:3000/api/") == "http://127.0.0.1:3000/api/v10"
    assert api_base("https://discord.com/api/v10") == "https://discord.com/api/v10"
