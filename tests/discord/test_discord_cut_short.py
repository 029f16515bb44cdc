"""A bot that ends between an acknowledgement and its answer leaves nobody waiting."""

import asyncio
from dataclasses import replace

from painting import running, shows

from bot.adapters.discord.address import Address
from bot.adapters.discord.journal import Journal, Unanswered
from bot.commands import Imagine, Person
from storage.records import Identity, NewPost
from tests.platforms.discord_faults import down

ADDRESS = Address(
    application=1,
    token="t",
    born=5.0,
    channel=2,
    message=None,
    guild=3,
    user=4,
    private=False,
    member=True,
    limit=10,
)
ORDER = Imagine(
    by=Person(identity=Identity("discord", "4"), name="Ann\u2028", language="ru"),
    key="discord:9",
    text="a hat\n--n 2 “so”",
    post=NewPost(platform="discord", address=ADDRESS.text(), language="ru"),
)


def unanswered(press, order=ORDER):
    return Unanswered(press=press, address=ADDRESS, language="ru", order=order)


def test_what_was_begun_and_not_ended_is_left(tmp_path):
    journal = Journal(tmp_path / "folder" / "presses.jsonl")
    for press in (1, 2, 3):
        journal.begin(unanswered(press))
    journal.end(2)

    assert Journal(tmp_path / "folder" / "presses.jsonl").left() == [unanswered(1), unanswered(3)]


def test_a_line_cut_short_spoils_no_other(tmp_path):
    path = tmp_path / "presses.jsonl"
    Journal(path).begin(unanswered(1))
    path.write_bytes(path.read_bytes()[:-20])
    journal = Journal(path)

    journal.begin(unanswered(2))

    assert Journal(path).left() == [unanswered(2)]


def test_what_was_answered_does_not_stay_in_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.discord.journal.MOST_ENDED", 5)
    path = tmp_path / "presses.jsonl"
    journal = Journal(path)
    journal.begin(unanswered(0, replace(ORDER, text="waits")))
    for press in range(1, 20):
        journal.begin(unanswered(press, replace(ORDER, text=f"secret {press}")))
        journal.end(press)

    assert path.read_text().count("secret") <= 5
    assert [left.press for left in Journal(path).left()] == [0]
    assert "secret" not in path.read_text()
    journal.end(0)
    assert path.read_text() == ""


def test_nobody_else_can_read_the_file(tmp_path):
    journal = Journal(tmp_path / "presses.jsonl")
    journal.begin(unanswered(1))

    assert (tmp_path / "presses.jsonl").stat().st_mode & 0o077 == 0


def test_a_disk_that_takes_nothing_is_no_obstacle(tmp_path):
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "presses.jsonl")

    journal.begin(unanswered(1))
    journal.end(1)

    assert journal.left() == []


async def cut_short(town, tmp_path, name, **options):
    """Stop the bot when it has acknowledged a command and not gone on."""
    async with running(town, tmp_path) as bot:
        bot.service.answer = forever
        asked = town.command(name, options=options)
        await town.until(lambda: bot.asked)
    assert asked.original.loading
    return asked


async def forever(_command):
    await asyncio.Event().wait()


async def test_an_order_that_was_cut_short_is_painted_after_the_restart_once(town, tmp_path):
    asked = await cut_short(town, tmp_path, "imagine", prompt="a hat")

    for _ in range(2):
        async with running(town, tmp_path) as bot:
            await town.until(lambda: asked.original.attachments)
            await bot.until_confirmed()
            jobs = await bot.jobs()

    assert [job.recipe.prompt for job in jobs] == ["a hat"]
    assert [message.id for message in town.messages] == [asked.original.id]


async def test_an_order_that_was_accepted_before_the_end_is_not_accepted_again(town, tmp_path):
    async with running(town, tmp_path) as bot:
        accept = bot.service.answer

        async def accepts_and_hangs(command):
            await accept(command)
            await asyncio.Event().wait()

        bot.service.answer = accepts_and_hangs
        asked = town.imagine("a hat")
        await town.until(lambda: asked.original and asked.original.attachments)

    async with running(town, tmp_path) as bot:
        await town.until(lambda: bot.asked)
        await bot.until_confirmed()
        assert len(await bot.jobs()) == 1


async def test_an_order_that_cannot_be_taken_after_the_restart_is_told_why(town, tmp_path):
    asked = await cut_short(town, tmp_path, "imagine", prompt="a hat --steps 900")

    async with running(town, tmp_path) as bot:
        await town.until(lambda: shows(asked.original, "from 1 to 50"))
        assert await bot.jobs() == []


async def test_a_question_that_was_cut_short_is_answered_by_a_wish_to_try_again(town, tmp_path):
    asked = await cut_short(town, tmp_path, "credits")

    async with running(town, tmp_path):
        await town.until(lambda: shows(asked.original, "Please try again."))


async def test_a_command_whose_acknowledgement_never_came_orders_nothing(town, tmp_path):
    path = tmp_path / "presses.jsonl"
    Journal(path).begin(unanswered(1, replace(ORDER, key="discord:1")))
    [left] = Journal(path).left()
    alive = replace(left, address=replace(left.address, born=4e9))
    path.unlink()
    Journal(path).begin(alive)

    async with running(town, tmp_path) as bot:
        await town.until(lambda: town.called("/messages/@original"))
        await asyncio.sleep(0.05)

        assert bot.asked == []
    assert Journal(path).left() == []


async def test_a_discord_that_is_away_at_the_restart_is_waited_for(town, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.discord.surface.PATIENCE_SECONDS", 0.05)
    asked = await cut_short(town, tmp_path, "imagine", prompt="a hat")
    away = town.fault(down("GET /webhooks/.*"))

    async with running(town, tmp_path):
        await town.until(lambda: away.hits)
        town.lift()
        await town.until(lambda: asked.original.attachments)
