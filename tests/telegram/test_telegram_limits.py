"""Everything fits where Telegram puts it, in every language and with the longest values there can be."""

import pytest

from bot.adapters.telegram.buttons import Agreed, Declined, under, under_one, under_several
from bot.adapters.telegram.menus import menus
from bot.adapters.telegram.wording import MOST_CHARACTERS, MOST_OF_CAPTION, PAGES, length
from bot.options import EXAMPLES
from bot.texts import LANGUAGES, say
from bot.updates import Info
from tests.platforms.telegram_markup import read
from tests.platforms.updates import everything, longest_job


def seen(text):
    return length(read(text, "HTML").text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", ["a", "<", "@", "漢", "🦊", "a."])
def test_no_message_of_a_job_is_longer_than_a_caption(language, letter):
    for update in everything(longest_job(letter)):
        assert 0 < seen(PAGES.update(update, language)) <= MOST_OF_CAPTION
    info = Info(job=longest_job(letter), pictures=(), receipt=())
    assert seen(PAGES.info(info, language)) <= MOST_CHARACTERS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_help_fits(language):
    closing = [say(language, key) for key in ("telegram_help_pictures", "telegram_help")]

    assert seen(PAGES.help(language, EXAMPLES, *closing)) <= MOST_CHARACTERS


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_button_s_data_is_longer_than_64_bytes(language):
    job = longest_job("a")
    keyboards = [under(update, language) for update in everything(job)]
    keyboards += [under_one(job.id, 15, language)]
    keyboards += [under_several(Agreed(-(10**14), "0" * 64), Declined(-(10**14), "f" * 64), language)]
    keys = [key for each in keyboards if each for row in each.inline_keyboard for key in row]
    assert all(1 <= len(key.callback_data.encode()) <= 64 for key in keys)
    assert all(len(each.inline_keyboard) <= 6 for each in keyboards if each)


async def test_every_menu_has_words_of_a_length_that_telegram_takes():
    told = []

    class Listening:
        async def set_my_commands(self, commands, **_):
            told.extend(commands)

    for request in menus(selling=True, admins=frozenset({1})):
        await request(Listening())

    assert told
    assert all(1 <= len(each.description) <= 256 and len(each.command) <= 32 for each in told)
