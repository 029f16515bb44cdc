"""Settings, styles, joining accounts, privacy, keys: what concerns a person alone."""

import json

import pytest
from writing import running

from bot.commands import Imagine, MakeLink, Person, UseLink
from storage.records import Identity, NewPost
from tests.platforms.telegram import supergroup


async def opened(town, command, part):
    town.says(command)
    await town.until(lambda: town.answers() and part in town.last.text)
    return town.last


async def test_settings_are_chosen_by_tapping_and_hold_from_then_on(town, tmp_path):
    async with running(town, tmp_path) as bot:
        page = await opened(town, "/settings", "Your settings")
        town.presses(page, "Aspect ratio: as usual")
        await town.until(lambda: "✓ as usual" in page.buttons)
        town.presses(page, "16:9")
        await town.until(lambda: "Aspect ratio: 16:9" in page.buttons)
        town.imagine("a hat")
        await town.until(lambda: town.last.file)
        [job] = await bot.jobs()

    assert (job.recipe.width, job.recipe.height) == (336, 192)


async def test_another_language_is_spoken_at_once(town, tmp_path):
    async with running(town, tmp_path):
        page = await opened(town, "/settings", "Your settings")
        town.presses(page, "Language: as usual")
        await town.until(lambda: "Русский" in page.buttons)
        town.presses(page, "Русский")
        await town.until(lambda: "Язык: Русский" in page.buttons)
        town.says("/start")
        await town.until(lambda: town.last.text.startswith("Здравствуйте!"))


async def test_the_way_back_from_a_choice_changes_nothing(town, tmp_path):
    async with running(town, tmp_path):
        page = await opened(town, "/settings", "Your settings")
        before = dict(page.buttons)
        town.presses(page, "File format: as usual")
        await town.until(lambda: "←" in page.buttons)
        town.presses(page, "←")
        await town.until(lambda: page.buttons == before)


@pytest.mark.parametrize(
    "said",
    ["prefer:count:999", "prefer:count:x", "prefer:no_such:1", "prefer:no_such:usual", "prefer:language:xx"],
)
async def test_forged_settings_change_nothing(town, tmp_path, said, caplog):
    async with running(town, tmp_path) as bot:
        page = await opened(town, "/settings", "Your settings")
        page.markup["inline_keyboard"][0][0]["callback_data"] = said
        town.presses(page, next(iter(page.buttons)))
        await town.until(lambda: town.called("answerCallbackQuery"))

        assert bot.people.preferences(Identity("telegram", str(town.ann.id))).count is None
    assert not [record for record in caplog.records if record.exc_info]


async def test_personal_pages_asked_for_in_a_group_come_privately(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path):
        town.says("/settings", chat=chat)
        await town.until(town.answers)
        town.ann.started = False
        town.says("/apikey", chat=chat)
        await town.until(lambda: town.answers(chat))

    assert "Your settings" in town.last.text
    assert "for your eyes only" in town.answers(chat)[-1].text


async def test_a_key_of_the_api_is_made_only_where_nobody_else_reads_it(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        town.says("/apikey", chat=chat)
        await town.until(lambda: town.answers() and "Here is your key" in town.last.text)

        assert len(bot.asked) == 1
    assert not town.answers(chat)


async def test_styles_are_listed_and_help_names_everything(town, tmp_path):
    async with running(town, tmp_path):
        styles = await opened(town, "/styles", "style")
        helped = await opened(town, "/help", "/imagine")

    assert styles.text
    assert all(name in helped.text for name in ("/settings", "/link", "/privacy", "--ar 16:9"))


async def test_the_loras_of_the_shelf_are_listed(town, tmp_path):
    async with running(town, tmp_path):
        listed = await opened(town, "/loras", "outline")

    assert "snow" in listed.text
    assert "--lora outline" in listed.text


async def test_what_is_for_my_eyes_only_comes_privately_from_a_group(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path) as bot:
        page = await opened(town, "/settings", "Your settings")
        town.presses(page, "For my eyes only: no")
        await town.until(lambda: "yes" in page.buttons)
        town.presses(page, "yes")
        await town.until(lambda: "For my eyes only: yes" in page.buttons)
        town.imagine("a secret", chat=chat)
        await town.until(lambda: town.last.file)
        await bot.until_confirmed()

    assert not town.answers(chat)


async def test_an_account_of_discord_and_one_of_telegram_become_one_by_a_link(town, tmp_path):
    async with running(town, tmp_path) as bot:
        discord = Person(identity=Identity("discord", "8035"), name="ann", language="en")
        post = NewPost(platform="discord", address="{}", language="en")
        ordered = await bot.service.answer(
            Imagine(by=discord, key="k1", text="painted on Discord", post=post)
        )
        code = (await bot.service.answer(MakeLink(discord))).code
        town.says(f"/start link_{code}")
        await town.until(lambda: town.answers() and "Go on only if both are you." in town.last.text)
        town.presses(town.last, "Yes, both are me")
        await town.until(lambda: "Your accounts are one now" in town.last.text)
        town.imagine("painted on Telegram")
        await town.until(lambda: town.last.file)
        town.says("/history")
        await town.until(lambda: "newest first" in town.last.text)
        jobs = await bot.jobs()

    assert "painted on Discord" in town.last.text
    assert "painted on Telegram" in town.last.text
    assert {job.account for job in jobs} == {ordered.job.account}


async def test_the_other_way_round_telegram_gives_the_code(town, tmp_path):
    async with running(town, tmp_path) as bot:
        page = await opened(town, "/link", "is your code")
        code = page.text.split()[0]
        discord = Person(identity=Identity("discord", "8035"), name="ann", language="en")
        linked = await bot.service.answer(UseLink(discord, code, confirmed=True))

    assert {identity.platform for identity in linked.identities} == {"discord", "telegram"}
    assert f"https://t.me/pinxit_bot?start=link_{code}" in page.text


async def test_a_wrong_code_is_told_kindly(town, tmp_path):
    async with running(town, tmp_path):
        await opened(town, "/start link_NOSUCHXX", "This code is not valid")


async def test_everything_kept_can_be_had_in_a_file_and_deleted(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.imagine("a hat")
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()
        page = await opened(town, "/privacy", "kept on the machine")
        town.presses(page, "Save everything that is kept")
        await town.until(lambda: "in this file" in town.last.text)
        [export] = [
            message.file for message in town.answers() if message.file and message.file.kind == "document"
        ]
        town.presses(page, "Delete everything")
        await town.until(lambda: "Sure?" in town.last.text)
        town.presses(town.last, "Yes, delete it for good")
        await town.until(lambda: town.last.text.startswith("Done."))
        jobs = await bot.jobs()

    assert "a hat" in json.dumps(json.loads(export.content))
    assert not any("hat" in job.recipe.prompt for job in jobs)


async def test_two_dots_repeat_the_last_order_with_what_is_added(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.imagine("a red fox --seed 7")
        await town.until(lambda: town.answers() and town.last.file)
        town.says(".. at night --ar 16:9")
        await town.until(lambda: len(town.answers()) == 2 and town.last.file)
        job = (await bot.jobs())[0]

    assert job.recipe.prompt == "a red fox, at night"
    assert job.recipe.width > job.recipe.height


async def test_two_dots_without_an_order_before_are_answered_kindly(town, tmp_path):
    async with running(town, tmp_path):
        await opened(town, "..", "No pictures yet.")
