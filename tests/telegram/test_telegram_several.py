"""Wildcards on Telegram: asked back with the price, then each in a message of its own."""

from writing import running

from tests.platforms.telegram_world import supergroup


async def test_wildcards_are_asked_back_and_painted_at_a_yes(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a {red|blue} fox")
        await town.until(lambda: town.answers() and town.last.buttons)
        question = town.last
        none_yet = await bot.jobs()
        town.presses(question, "Paint them all")
        await town.until(lambda: sum(bool(message.file) for message in town.answers()) == 2)
        await bot.until_confirmed()
        jobs = await bot.jobs()

    assert none_yet == []
    assert "2 orders with 2 pictures in all, for 2 credits" in question.text
    assert {job.recipe.prompt for job in jobs} == {"a red fox", "a blue fox"}
    assert list(question.buttons) == []


async def test_a_yes_after_a_restart_is_understood(town, tmp_path):
    async with running(town, tmp_path):
        town.says("a {red|blue} fox")
        await town.until(lambda: town.answers() and town.last.buttons)
        question = town.last
    async with running(town, tmp_path) as bot:
        town.presses(question, "Paint them all")
        await bot.until_ended()
        await town.until(lambda: sum(bool(message.file) for message in town.answers()) == 2)
        jobs = await bot.jobs()

    assert len(jobs) == 2


async def test_only_who_asked_may_say_yes(town, tmp_path):
    async with running(town, tmp_path) as bot:
        group = town.founds(supergroup())
        town.says("/imagine a {red|blue} fox", chat=group)
        await town.until(lambda: town.answers(group) and town.answers(group)[-1].buttons)
        town.presses(town.answers(group)[-1], "Paint them all", by=town.bob)
        town.says("/credits", chat=group)
        await town.until(lambda: len(town.answers(group)) == 2)

        assert await bot.jobs() == []
