"""Wildcards on Discord: asked back with the price, then each in a message of its own."""

import pytest
from painting import running

from bot.commands import Grant, Person
from storage.records import Identity
from tests.platforms.discord import MANAGE_MESSAGES, USUAL


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


async def test_a_no_takes_the_question_back(town, tmp_path):
    async with running(town, tmp_path):
        question = await asked_back(town)
    async with running(town, tmp_path) as bot:
        town.press(question, "Cancel")
        await town.until(lambda: question.deleted)

        assert await bot.jobs() == []


async def test_only_who_asked_or_a_moderator_may_say_no(town, tmp_path):
    async with running(town, tmp_path):
        question = await asked_back(town)
        other = town.press(question, "Cancel", by=town.bob)
        await town.until(lambda: other.original)
        standing = not question.deleted
        town.press(question, "Cancel", by=town.bob, permissions=USUAL | MANAGE_MESSAGES)
        await town.until(lambda: question.deleted)

    assert standing
    assert other.original.ephemeral


async def test_a_yes_that_cannot_be_paid_any_more_paints_nothing_and_can_be_said_again(town, tmp_path):
    identity = Identity("discord", town.ann.id)
    ann = Person(identity=identity, name="Ann", language="en")
    async with running(town, tmp_path) as bot:
        question = await asked_back(town)
        await bot.service.answer(Grant(by=ann, key="all", to=identity, credits=-99_999, vouched=True))
        yes = town.press(question, "Paint them all")
        await town.until(lambda: yes.follow_ups and yes.follow_ups[-1].content.startswith("This costs 2"))
        await town.until(lambda: question.buttons)

        assert await bot.jobs() == []
    assert [message.deleted for message in yes.follow_ups] == [True, True, False]
    assert yes.follow_ups[-1].ephemeral


async def test_a_yes_that_is_said_twice_at_once_leaves_no_message_waiting(town, tmp_path):
    async with running(town, tmp_path) as bot:
        question = await asked_back(town)
        for _ in range(2):
            town.press(question, "Paint them all")
        await town.until(lambda: len(town.called("POST /webhooks")) == 4)
        await bot.until_ended()
        await town.until(lambda: sum(bool(message.attachments) for message in town.messages) == 2)
        await town.until(lambda: all(message.content != "…" for message in town.messages))

        assert len(await bot.jobs()) == 2


async def test_where_a_yes_could_not_be_shown_fewer_are_asked_for(town, tmp_path):
    async with running(town, tmp_path) as bot:
        elsewhere = town.foreign()
        many = town.command("imagine", channel=elsewhere, options={"prompt": "a {1|2|3|4|5|6} fox"})
        await town.until(lambda: many.follow_ups)
        five = town.command("imagine", channel=elsewhere, options={"prompt": "a {1|2|3|4|5} fox"})
        await town.until(lambda: five.original and five.original.buttons)
        town.press(five.original, "Paint them all")
        await town.until(lambda: sum(bool(message.attachments) for message in town.messages) == 5)

        assert len(await bot.jobs()) == 5
    assert many.follow_ups[0].content.startswith("The alternatives in braces may make 5 orders at once")


@pytest.mark.parametrize(("words", "most"), [("so " * 600, 1500), ("`" * 800, 817 - 117)])
async def test_an_order_too_long_to_be_asked_back_is_refused(town, tmp_path, words, most):
    async with running(town, tmp_path) as bot:
        asked = town.imagine("a {red|blue} fox " + words)
        await town.until(lambda: any(f"at most {most}" in message.content for message in town.messages))

        assert await bot.jobs() == []
    assert asked.original is None or asked.original.deleted
