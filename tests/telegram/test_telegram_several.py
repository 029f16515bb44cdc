"""Wildcards on Telegram: asked back with the price, then each in a message of its own."""

from writing import running

from bot.commands import Grant, Person
from storage.records import Identity
from tests.platforms.telegram_faults import refused
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


async def test_a_no_takes_the_question_back(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("a {red|blue} fox")
        await town.until(lambda: town.answers() and town.last.buttons)
        question = town.last
        town.presses(question, "Cancel")
        await town.until(lambda: question.deleted)

        assert await bot.jobs() == []


async def test_a_no_to_a_question_too_old_to_be_deleted_takes_its_buttons(town, tmp_path):
    async with running(town, tmp_path):
        town.says("a {red|blue} fox")
        await town.until(lambda: town.answers() and town.last.buttons)
        question = town.last
        town.fault(refused("deleteMessage .*", "Bad Request: message can't be deleted"))
        town.presses(question, "Cancel")
        await town.until(lambda: not question.buttons)

    assert not question.deleted


async def test_a_yes_that_cannot_be_paid_any_more_paints_nothing_and_can_be_said_again(town, tmp_path):
    identity = Identity("telegram", str(town.ann.id))
    ann = Person(identity=identity, name="Ann", language="en")
    async with running(town, tmp_path) as bot:
        town.says("a {red|blue} fox")
        await town.until(lambda: town.answers() and town.last.buttons)
        question = town.last
        await bot.service.answer(Grant(by=ann, key="all", to=identity, credits=-99_999, vouched=True))
        town.presses(question, "Paint them all")
        await town.until(lambda: town.last.text.startswith("This costs 2"))
        await town.until(lambda: question.buttons)

        assert await bot.jobs() == []


async def test_only_who_asked_may_say_yes_or_no(town, tmp_path):
    async with running(town, tmp_path) as bot:
        group = town.founds(supergroup())
        town.says("/imagine a {red|blue} fox", chat=group)
        await town.until(lambda: town.answers(group) and town.answers(group)[-1].buttons)
        for label in ("Paint them all", "Cancel"):
            town.presses(town.answers(group)[-1], label, by=town.bob)
        town.says("/credits", chat=group)
        await town.until(lambda: len(town.answers(group)) == 2)

        assert await bot.jobs() == []
