"""Wildcards on Discord: asked back with the price, then each in a message of its own."""

from painting import running


async def asked_back(town, prompt="a {red|blue} fox", **options):
    asked = town.imagine(prompt, **options)
    await town.until(lambda: asked.original and asked.original.buttons)
    return asked.original


async def test_wildcards_are_asked_back_and_painted_at_a_yes(town, tmp_path):
    async with running(town, tmp_path) as bot:
        question = await asked_back(town)
        none_yet = await bot.jobs()
        town.press(question, "Paint them all")
        await town.until(lambda: sum(bool(message.attachments) for message in town.messages) == 2)
        await bot.until_confirmed()
        jobs = await bot.jobs()

    assert none_yet == []
    assert "2 orders with 2 pictures in all, for 2 credits" in question.content
    assert {job.recipe.prompt for job in jobs} == {"a red fox", "a blue fox"}
    assert question.buttons == {}


async def test_a_yes_after_a_restart_is_understood_and_a_second_one_paints_nothing_more(town, tmp_path):
    async with running(town, tmp_path):
        question = await asked_back(town, "a {red|blue} `fox`", seed="7")
    yes = question.buttons["Paint them all"]
    async with running(town, tmp_path) as bot:
        town.press(question, "Paint them all")
        await town.until(lambda: sum(bool(message.attachments) for message in town.messages) == 2)
        assert yes
        await bot.until_confirmed()
        jobs = await bot.jobs()

    assert {job.recipe.prompt for job in jobs} == {"a red `fox`", "a blue `fox`"}
    assert {job.recipe.seed for job in jobs} == {7}


async def test_what_is_private_stays_private_when_it_is_several(town, tmp_path):
    async with running(town, tmp_path) as bot:
        question = await asked_back(town, private=True)
        town.press(question, "Paint them all")
        await town.until(lambda: sum(bool(message.attachments) for message in town.messages) == 2)
        jobs = await bot.jobs()

    assert all(message.ephemeral for message in town.messages)
    assert all(job.private for job in jobs)


async def test_only_who_asked_may_say_yes(town, tmp_path):
    async with running(town, tmp_path) as bot:
        question = await asked_back(town)
        other = town.press(question, "Paint them all", by=town.bob)
        await town.until(lambda: other.original)

        assert await bot.jobs() == []
    assert other.original.ephemeral


async def test_an_order_too_long_to_be_asked_back_is_refused(town, tmp_path):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a {red|blue} fox " + "so " * 600)
        await town.until(lambda: any("1500" in message.content for message in town.messages))

        assert await bot.jobs() == []
    assert asked.original is None or asked.original.deleted
