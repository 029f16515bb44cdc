"""What the bot sends fits Telegram's own description of its API, and what does not fit is noticed."""

import pytest

from tests.platforms.telegram_schema import complaints, description

needs_description = pytest.mark.skipif(
    description() is None, reason="no copy of Telegram's API description here; TELEGRAM_API_JSON can name one"
)


@needs_description
@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("sendMessage", {"chat_id": 1}),
        ("sendMessage", {"chat_id": 1, "text": 5}),
        ("sendMessage", {"chat_id": 1, "text": "x", "no_such": 1}),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"data": "x"}]]}}),
        ("editMessageMedia", {"media": {"type": "photo"}}),
        ("sendMediaGroup", {"chat_id": 1, "media": [{"type": "photo"}]}),
        ("noSuchMethod", {}),
    ],
)
def test_a_call_that_does_not_fit_is_noticed(method, values):
    assert complaints(method, values)


@needs_description
def test_a_call_that_fits_is_not_complained_about():
    keyboard = {"inline_keyboard": [[{"text": "Reroll", "callback_data": "reroll:x:0"}]]}

    assert complaints("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": keyboard}) == []
