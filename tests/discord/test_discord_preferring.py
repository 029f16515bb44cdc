"""What a person prefers, and how it shows in what they order."""

import pytest
from painting import running, shows


async def settings_page(town, **how):
    asked = town.command("settings", **how)
    await town.until(lambda: asked.original and asked.original.selects)
    return asked.original


def chosen(page):
    return [
        option["label"] for select in page.selects for option in select["options"] if option.get("default")
    ]


async def test_settings_are_a_page_of_selects_that_only_the_person_sees(town, tmp_path):
    async with running(town, tmp_path):
        page = await settings_page(town)

    assert page.ephemeral
    assert chosen(page) == [
        "Aspect ratio: as usual",
        "Pictures per order: as usual",
        "File format: as usual",
        "For my eyes only: no",
        "Language: as usual",
    ]


async def test_what_is_chosen_holds_for_the_next_order_and_after_a_restart(town, tmp_path):
    async with running(town, tmp_path):
        page = await settings_page(town)
        for field, value in (("aspect", "16:9"), ("count", "2"), ("format", "webp")):
            town.pick(page, value, of=field)
            await town.until(
                lambda value=value: any(value.lower() in label.lower() for label in chosen(page))
            )

    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)
        [job] = await bot.jobs()

    assert (job.recipe.width, job.recipe.height, job.count, job.format.value) == (336, 192, 2, "webp")


async def test_a_setting_can_be_set_back(town, tmp_path):
    async with running(town, tmp_path):
        page = await settings_page(town)
        town.pick(page, "16:9", of="aspect")
        await town.until(lambda: "Aspect ratio: 16:9" in chosen(page))
        town.pick(page, "usual", of="aspect")
        await town.until(lambda: "Aspect ratio: as usual" in chosen(page))


async def test_the_preferred_language_wins_over_that_of_discord(town, tmp_path):
    async with running(town, tmp_path):
        page = await settings_page(town)
        town.pick(page, "ru", of="language")
        await town.until(lambda: shows(page, "Ваши настройки"))
        wallet = town.command("credits", locale="en-US")
        await town.until(lambda: shows(wallet.original, "кредит"))


async def test_who_prefers_privacy_is_answered_alone_from_the_first_word(town, tmp_path):
    async with running(town, tmp_path) as bot:
        page = await settings_page(town)
        town.pick(page, "yes", of="private")
        await town.until(lambda: "For my eyes only: yes" in chosen(page))
        mine, theirs = town.imagine("a hat"), town.imagine("a shoe", by=town.bob)
        await town.until(lambda: all(each.original and each.original.attachments for each in (mine, theirs)))
        await bot.until_confirmed()

    assert mine.original.ephemeral
    assert not theirs.original.ephemeral


@pytest.mark.parametrize(("field", "value"), [("aspect", "1:90"), ("count", "900"), ("nonsense", "1")])
async def test_a_forged_choice_changes_nothing(town, tmp_path, field, value):
    async with running(town, tmp_path) as bot:
        page = await settings_page(town)
        page.components[0]["components"][0]["custom_id"] = f"pinxit:set:mine:{field}"
        forged = town.pick(page, value, of=field)
        await town.until(lambda: forged.follow_ups or field == "nonsense")

        assert await bot.store.preferred() == []


async def test_the_loras_of_the_shelf_are_listed_with_how_to_use_them(town, tmp_path):
    async with running(town, tmp_path):
        asked = town.command("loras")
        await town.until(lambda: shows(asked.original, "`snow`"))

    assert "--lora outline" in asked.original.content


async def test_styles_are_listed_with_how_to_use_them(town, tmp_path):
    async with running(town, tmp_path):
        asked = town.command("styles")
        await town.until(lambda: shows(asked.original, "`watercolour` Watercolour"))

    assert "--style" in asked.original.content
    assert len(asked.original.content) <= 2000


@pytest.mark.parametrize(
    ("locale", "begun", "title"), [("en-US", "wat", "Watercolour"), ("ru", "аква", "Акварель")]
)
async def test_styles_are_completed_while_they_are_typed(town, tmp_path, locale, begun, title):
    async with running(town, tmp_path) as bot:
        typing = town.complete("imagine", "style", begun, locale=locale)
        await town.until(lambda: typing.choices is not None)

        assert bot.asked == []
    assert [(choice["name"], choice["value"]) for choice in typing.choices] == [(title, "watercolour")]


async def test_loras_are_completed_while_they_are_typed_and_painted_with(town, tmp_path):
    async with running(town, tmp_path) as bot:
        typing = town.complete("imagine", "lora", "sn")
        await town.until(lambda: typing.choices is not None)
        asked = town.imagine("a hat", lora="snow:0.8")
        await town.until(lambda: asked.original and asked.original.attachments)
        [job] = await bot.jobs()

    assert [choice["value"] for choice in typing.choices] == ["snow"]
    assert [(each.name, each.scale) for each in job.recipe.loras] == [("snow", 0.8)]


async def test_a_style_goes_around_the_prompt(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a hat", style="watercolour")
        await town.until(lambda: asked.original and asked.original.attachments)
        [job] = await bot.jobs()

    assert job.recipe.prompt.startswith("A watercolour painting of a hat.")


async def test_a_style_that_does_not_exist_is_told_with_the_nearest(town, tmp_path):
    async with running(town, tmp_path):
        asked = town.imagine("a hat", style="watercolor")
        await town.until(lambda: asked.follow_ups)

    assert "Did you mean watercolour?" in asked.follow_ups[0].content
