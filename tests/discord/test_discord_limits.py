"""Everything fits where Discord puts it, in every language and with the longest values there can be."""

import pytest
from painting import running

from bot.adapters.discord.buttons import Begun, edit_form, under, under_one, under_several
from bot.adapters.discord.servers import under_rules
from bot.adapters.discord.wording import help_text, info_text, refused_text, update_text
from bot.options import EXAMPLES
from bot.refusals import UnknownOption
from bot.texts import LANGUAGES
from bot.updates import Info, Refused
from generator.models import Z_IMAGE
from storage.records import PlaceRules
from tests.platforms.updates import everything, longest_job

MOST_OF_MESSAGE, MOST_OF_BUTTON, MOST_OF_TITLE, MOST_OF_ID = 2000, 80, 45, 100


def parts_of(view):
    return [part for row in view.to_components() for part in row["components"]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", ["a", "*", "@", "漢", "🦊"])
def test_no_message_of_a_job_is_too_long(language, letter):
    for update in everything(longest_job(letter)):
        assert 0 < len(update_text(update, language)) <= MOST_OF_MESSAGE
    info = Info(job=longest_job(letter), pictures=(), receipt=())
    assert len(info_text(info, language)) <= MOST_OF_MESSAGE
    refused = Refused(UnknownOption(option=letter * 4000, guess=""))
    assert len(refused_text(refused, language)) <= MOST_OF_MESSAGE
    assert len(help_text(language, EXAMPLES)) <= MOST_OF_MESSAGE


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_button_holds_more_than_one_can(language):
    job = longest_job("a")
    views = [under(update, language) for update in everything(job)]
    views += [under_one(job.id, 15, language, public=True), under_rules(PlaceRules(), language)]
    views += [under_several(Begun(sha256="0" * 64, other="f" * 64), language)]
    for part in (part for view in views for part in parts_of(view)):
        assert len(part.get("label") or "") <= MOST_OF_BUTTON
        assert len(part["custom_id"]) <= MOST_OF_ID
        assert all(len(option["label"]) <= MOST_OF_ID for option in part.get("options", ()))
        assert len(part.get("options", ())) <= 25


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_s_title_and_label_are_short_enough(language):
    form = edit_form("x" * 4000, language, Begun("j" * 16, 15)).to_dict()

    assert len(form["title"]) <= MOST_OF_TITLE
    assert len(form["components"][0]["label"]) <= MOST_OF_TITLE
    assert len(form["custom_id"]) <= MOST_OF_ID


async def test_every_command_fits_in_every_language(town, tmp_path):
    async with running(town, tmp_path, model=Z_IMAGE):
        commands = town.world.commands[""]

    for each in [*commands, *(option for command in commands for option in command.get("options", ()))]:
        names = [each["name"], *(each.get("name_localizations") or {}).values()]
        told = [each.get("description", ""), *(each.get("description_localizations") or {}).values()]
        assert all(0 < len(name) <= 32 for name in names)
        assert all(len(text) <= 100 for text in told)
        assert each.get("type") == 3 or len(each.get("options", ())) <= 25
