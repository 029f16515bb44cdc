"""/style on Telegram: saved, listed, used, renamed, deleted."""

from writing import running


async def told(town, text):
    before = len(town.answers())
    town.says(text)
    await town.until(lambda: len(town.answers()) > before)
    return town.last.text


async def test_a_style_s_life(town, tmp_path):
    async with running(town, tmp_path) as bot:
        saved = await told(town, "/style save ink {prompt}, in ink --ar 16:9")
        town.says("a heron --style ink")
        await town.until(lambda: town.last.file)
        [job] = await bot.jobs()
        listed = await told(town, "/styles")
        renamed = await told(town, "/style rename ink sumi")
        gone = await told(town, "/style delete sumi")

    assert saved == "Your style is saved. Use it with --style ink."
    assert job.recipe.prompt == "a heron, in ink"
    assert "Your own\nink {prompt}, in ink" in listed
    assert renamed.endswith("--style sumi.")
    assert gone == "Your style “sumi” is deleted."


async def test_style_alone_says_how(town, tmp_path):
    async with running(town, tmp_path):
        assert "/style save ink {prompt}" in await told(town, "/style")
        assert "/style save ink {prompt}" in await told(town, "/style save ink")
