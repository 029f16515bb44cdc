"""Rules of groups, and what those who manage the bot may do."""

import pytest
from writing import running

from storage.records import PlaceId
from tests.platforms.telegram import group, supergroup


@pytest.fixture
def chat(town):
    """A forum that Bob administers."""
    forum = town.founds(supergroup(forum=True))
    forum.administrators.add(town.bob.id)
    forum.topics = {7: True, 8: True}
    return forum


async def ruled(town, chat, label, value, thread=None):
    town.says("/chat", by=town.bob, chat=chat, thread=thread)
    await town.until(lambda: town.answers(chat) and "What holds" in town.answers(chat)[-1].text)
    page = town.answers(chat)[-1]
    town.presses(page, next(name for name in page.buttons if name.startswith(label)), by=town.bob)
    await town.until(lambda: value in page.buttons)
    town.presses(page, value, by=town.bob)
    await town.until(lambda: f"{label}: {value}" in page.buttons)
    return page


async def test_only_administrators_see_and_change_what_holds(town, tmp_path, chat):
    async with running(town, tmp_path):
        town.says("/chat", chat=chat)
        await town.until(lambda: town.answers(chat))
        assert town.answers(chat)[-1].text == "That is for the people who manage this place."
        page = await ruled(town, chat, "Pictures per order", "2")
        town.presses(page, "Pictures per order: 2")
        await town.until(lambda: "for the people" in town.answers(chat)[-1].text)
        assert "Pictures per order: 2" in page.buttons


async def test_where_only_administrators_may_paint_others_are_told(town, tmp_path, chat):
    async with running(town, tmp_path) as bot:
        await ruled(town, chat, "Who may paint", "administrators")
        town.imagine("a hat", chat=chat)
        await town.until(lambda: "only certain roles" in town.answers(chat)[-1].text)
        town.imagine("a crown", by=town.bob, chat=chat)
        await town.until(lambda: town.answers(chat)[-1].file)

        assert [job.recipe.prompt for job in await bot.jobs()] == ["a crown"]


async def test_the_rules_of_a_group_hold_in_the_supergroup_that_it_becomes(town, tmp_path):
    small = town.founds(group())
    small.administrators.add(town.bob.id)
    async with running(town, tmp_path) as bot:
        await ruled(town, small, "Who may paint", "administrators")
        grown = town.migrates(small)
        await town.until(lambda: bot.places.rules(PlaceId("telegram", str(grown.id))).roles)
        town.says("/chat", by=town.bob, chat=grown)
        await town.until(lambda: town.answers(grown))
        assert "Who may paint: administrators" in town.answers(grown)[-1].buttons
        town.imagine("a hat", chat=grown)
        await town.until(lambda: "only certain roles" in town.answers(grown)[-1].text)

        assert not await bot.jobs()


async def test_painting_can_be_kept_to_one_topic(town, tmp_path, chat):
    async with running(town, tmp_path) as bot:
        await ruled(town, chat, "Topics", "this topic only", thread=7)
        town.imagine("elsewhere", chat=chat, thread=8)
        await town.until(lambda: "one of those meant for it" in town.answers(chat)[-1].text)
        town.imagine("here", chat=chat, thread=7)
        await town.until(lambda: town.answers(chat)[-1].file)

        assert [job.recipe.prompt for job in await bot.jobs()] == ["here"]


async def test_notices_can_be_for_the_person_alone(town, tmp_path, chat):
    async with running(town, tmp_path):
        await ruled(town, chat, "Notices seen only by whoever asks", "yes")
        before = len(town.answers(chat))
        town.imagine("a hat --steps 99", chat=chat)
        await town.until(town.answers)
        town.says("/credits", chat=chat)
        await town.until(lambda: "credits" in town.last.text)

        assert len(town.answers(chat)) == before


async def test_pictures_can_be_covered_until_they_are_tapped(town, tmp_path, chat):
    async with running(town, tmp_path):
        await ruled(town, chat, "Spoiler", "always")
        town.imagine("a hat", chat=chat)
        await town.until(lambda: town.answers(chat)[-1].file)

    assert town.called("editMessageMedia")[-1].values["media"]["has_spoiler"] is True


@pytest.mark.parametrize("command", ["/apikey", "/link", "/settings", "/privacy"])
async def test_what_is_personal_is_never_told_to_a_group_that_speaks_for_itself(
    town, tmp_path, chat, command
):
    async with running(town, tmp_path) as bot:
        town.says(command, chat=chat, sender_chat=chat.payload())
        await town.until(lambda: town.answers(chat))

    assert "for your eyes only" in town.answers(chat)[-1].text
    assert command != "/apikey" or bot.asked == []


async def test_anonymous_administrators_paint_and_rule_but_their_chatter_is_no_prompt(town, tmp_path, chat):
    async with running(town, tmp_path) as bot:
        town.says("/imagine a crown", chat=chat, sender_chat=chat.payload())
        await town.until(lambda: town.answers(chat) and town.answers(chat)[-1].file)
        town.says("lovely", chat=chat, reply_to=town.answers(chat)[-1], sender_chat=chat.payload())
        town.says("/chat", chat=chat, sender_chat=chat.payload())
        await town.until(lambda: "What holds" in town.answers(chat)[-1].text)

        assert len(await bot.jobs()) == 1


async def test_an_administrator_of_the_bot_grants_blocks_and_looks(town, tmp_path):
    async with running(town, tmp_path, admins=frozenset({town.bob.id})) as bot:
        town.imagine("a hat")
        await town.until(lambda: town.answers() and town.last.file)
        town.says(f"/grant {town.ann.id} 250", by=town.bob, again=True)
        bobs = town.private(town.bob)
        await town.until(lambda: len(town.answers(bobs)) == 2)
        town.says("/jobs", by=town.bob)
        await town.until(lambda: "a hat" in town.answers(bobs)[-1].text)
        town.says(f"/block {town.ann.id}", by=town.bob)
        await town.until(lambda: "blocked" in town.answers(bobs)[-1].text)
        town.imagine("no more")
        await town.until(lambda: "blocked" in town.last.text)
        town.says(f"/unblock {town.ann.id}", by=town.bob)
        await town.until(lambda: "unblocked" in town.answers(bobs)[-1].text)
        town.imagine("again")
        await town.until(lambda: town.last.file)
        entries = await bot.store.entries((await bot.jobs())[0].account)

    assert [entry.available for entry in entries if entry.kind.value == "grant"] == [250]


async def test_a_person_is_named_by_answering_what_they_wrote(town, tmp_path, chat):
    async with running(town, tmp_path, admins=frozenset({town.bob.id})):
        said = town.says("nice", chat=chat)
        town.says("/grant 10", by=town.bob, chat=chat, reply_to=said)
        await town.until(lambda: town.answers(chat))

    assert "Bob_Ray gave Ann_Lee 10 credits" in town.answers(chat)[-1].text


@pytest.mark.parametrize(
    "command", ["/grant 5 5", "/block 5", "/unblock 5", "/jobs", "/doctor", "/grant", "/block"]
)
async def test_nobody_else_may(town, tmp_path, command):
    async with running(town, tmp_path):
        town.says(command)
        await town.until(town.answers)

    assert town.last.text == "That is for the people who manage this place."


@pytest.mark.parametrize(
    "typed", ["", "5", "ten 5", "5 ten", f"{10**30} 5", "5 1e9", "-5 5", "5 +-5", "5 5x"]
)
async def test_what_cannot_be_understood_is_explained(town, tmp_path, typed):
    async with running(town, tmp_path, admins=frozenset({town.ann.id})):
        town.says(f"/grant {typed}")
        await town.until(town.answers)

    assert town.last.text.startswith("Reply to somebody's message with /grant 100")


async def test_an_amount_that_is_too_large_is_refused_and_never_shortened(town, tmp_path):
    async with running(town, tmp_path, admins=frozenset({town.ann.id})) as bot:
        town.says(f"/grant 5 {10**20}")
        await town.until(town.answers)

        assert "100000000000000000000" in town.last.text
        assert all(balance.available == 0 for _, balance in await bot.store.accounts())


async def test_whoever_manages_the_bot_can_ask_how_all_is(town, tmp_path):
    async with running(town, tmp_path, admins=frozenset({town.ann.id})):
        town.says("/doctor")
        await town.until(town.answers)

    assert town.last.text.startswith("Everything is well.")
    assert "✓ Every credit is accounted for." in town.last.text
