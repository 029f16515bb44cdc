import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.web.messages import Ask, BadMessage, Hello, owner, read
from bot.commands import Cancel, Imagine, Reroll, ShowHistory, Vary

KEY = "0123456789abcdef"


def told(**values: object) -> Ask:
    return read(json.dumps({"reply": 7, **values}), "en")


def test_a_prompt_becomes_a_command_with_the_pages_key() -> None:
    wish = told(type="imagine", key=KEY, text="a red circle").wish

    assert isinstance(wish, Imagine)
    assert (wish.key, wish.text, wish.post.platform) == (f"web:{KEY}", "a red circle", "web")


def test_buttons_become_commands() -> None:
    assert isinstance(told(type="reroll", key=KEY, job="j1").wish, Reroll)
    assert isinstance(told(type="vary", key=KEY, job="j1", index=0, strong=True).wish, Vary)
    assert told(type="cancel", job="j1").wish == Cancel(owner("en"), "j1")
    assert told(type="history", before=3).wish == ShowHistory(owner("en"), 3.0)
    assert told(type="hello", language="zh").wish == Hello("zh")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"imagine"',
        "{",
        "[" * 100_000,
        '{"reply": ' + "9" * 5000 + "}",
        '{"type": "wallet"}',
        '{"type": "wallet", "reply": true}',
        '{"type": "wallet", "reply": -1}',
        '{"type": "wallet", "reply": 1e3}',
        '{"type": "history", "reply": 1, "before": NaN}',
        '{"type": "history", "reply": 1, "before": 1e999}',
        '{"type": "history", "reply": 1, "before": "x"}',
        '{"type": "hello", "reply": 1, "language": "xx"}',
        '{"type": "imagine", "reply": 1, "text": "no key"}',
        '{"type": "imagine", "reply": 1, "key": "short", "text": "x"}',
        '{"type": "imagine", "reply": 1, "key": "0123456789abcdef", "text": 7}',
        '{"type": "vary", "reply": 1, "key": "0123456789abcdef", "job": "j", "index": true, "strong": false}',
        '{"type": "vary", "reply": 1, "key": "0123456789abcdef", "job": "j", "index": 99, "strong": false}',
        '{"type": "vary", "reply": 1, "key": "0123456789abcdef", "job": "j", "index": 0, "strong": "yes"}',
        '{"type": "cancel", "reply": 1, "job": "../../etc"}',
        '{"type": "cancel", "reply": 1, "job": ["j"]}',
        '{"type": "grant", "reply": 1, "job": "j"}',
        '{"type": {"a": 1}, "reply": 1, "job": "j"}',
    ],
)
def test_what_is_no_message_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadMessage):
        read(text, "en")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["type", "reply", "key", "job", "text", "index", "strong", "before", "language"])
kinds = st.sampled_from(
    ["imagine", "reroll", "vary", "cancel", "delete", "info", "wallet", "history", "hello"]
)


@given(st.dictionaries(names, values), kinds)
def test_any_json_is_a_message_or_is_refused(fields: dict[str, object], kind: str) -> None:
    try:
        ask = read(json.dumps({**fields, "type": kind}), "en")
    except BadMessage:
        return

    assert ask.reply >= 0
