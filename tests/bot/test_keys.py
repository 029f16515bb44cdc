"""Keys of the HTTP API: made once, shown once, ended for ever."""

import logging

import pytest
from stage import ScriptedGenerator, playing

from bot.commands import MakeKey
from bot.keys import id_of, new_key, opens, prefix
from bot.updates import KeyMade

NOW = 1_000_000.0


def test_a_key_opens_with_its_own_text_and_nothing_else():
    made, other = new_key(1, "Ada", NOW), new_key(1, "Ada", NOW)

    assert opens(made.text, made.key, NOW)
    assert not opens(other.text, made.key, NOW)
    assert not opens(made.text[:-1], made.key, NOW)
    assert not opens(made.text, None, NOW)


def test_what_is_kept_of_a_key_does_not_open_it():
    made = new_key(1, "Ada", NOW)

    assert made.text.rpartition("_")[2] not in repr(made.key)
    assert not opens(f"{prefix(made.key)}_{made.key.digest}", made.key, NOW)


def test_an_expired_or_revoked_key_opens_nothing():
    made = new_key(1, "Ada", NOW, expires_at=NOW + 10)

    assert opens(made.text, made.key, NOW + 9)
    assert not opens(made.text, made.key, NOW + 10)


@pytest.mark.parametrize(
    "text", ["", "pinxit_", "pinxit_é_1", "a" * 10**6, "pinxit_000000000000_" + "g" * 48]
)
def test_what_is_no_key_has_no_id(text):
    assert id_of(text) is None


async def test_a_key_made_in_a_chat_replaces_the_one_before_and_is_never_logged(tmp_path, caplog):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        with caplog.at_level(logging.DEBUG):
            first = await stage.service.answer(MakeKey(stage.person()))
            second = await stage.service.answer(MakeKey(stage.person()))

        assert isinstance(first, KeyMade)
        assert isinstance(second, KeyMade)
        kept = {key.id: key for key in await stage.store.keys.all()}
        now = max(key.created_at for key in kept.values())
        assert not opens(first.text, kept[id_of(first.text)], now)
        assert opens(second.text, kept[id_of(second.text)], now)
        assert second.text.rpartition("_")[2] not in caplog.text + repr(second)
