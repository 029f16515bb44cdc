"""/style on Discord: saved, completed, used, shown, renamed, deleted."""

from painting import running


async def styled(town, **options):
    asked = town.command("style", options=options)
    await town.until(lambda: asked.original and asked.original.content)
    return asked.original


async def test_a_style_s_life(town, tmp_path):
    async with running(town, tmp_path) as bot:
        saved = await styled(town, name="Ink", template="{prompt}, in ink --ar 16:9")
        offered = town.complete("imagine", "style", "in")
        await town.until(lambda: offered.choices is not None)
        asked = town.imagine("a heron", style="ink")
        await town.until(lambda: asked.original and asked.original.attachments)
        [job] = await bot.jobs()
        renamed = await styled(town, name="ink", to="sumi")
        own = town.complete("style", "name", "su")
        await town.until(lambda: own.choices is not None)

    assert "Your style is saved. Use it with --style ink." in saved.content
    assert offered.choices[0]["value"] == "ink"
    assert job.recipe.prompt == "a heron, in ink"
    assert "--style sumi" in renamed.content
    assert [choice["value"] for choice in own.choices] == ["sumi"]
    assert saved.ephemeral


async def test_a_style_is_shown_and_deleted_after_a_restart(town, tmp_path):
    async with running(town, tmp_path):
        await styled(town, name="ink", template="{prompt}, in ink")
        shown = await styled(town, name="ink")
    async with running(town, tmp_path):
        gone = town.press(shown, "Delete")
        await town.until(lambda: gone.original and "deleted" in gone.original.content)
        unknown = await styled(town, name="ink")

    assert "{prompt}, in ink" in shown.content
    assert "Write {prompt} where" in unknown.content
