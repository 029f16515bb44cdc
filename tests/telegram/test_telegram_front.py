"""Being on Telegram: fetched or brought updates, menus, wrong tokens, rivals, restarts."""

import asyncio
import socket

import aiohttp
import pytest
import telegram
from writing import Bot, ScriptedPainter, running

from bot.adapters.telegram.polling import KINDS, Poll
from bot.adapters.telegram.webhook import SECRET_HEADER, secret_of
from tests.platforms.telegram import ALL_KINDS, TOKEN
from tests.platforms.telegram_faults import down


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
def door(town):
    """A webhook's address, which leads to this machine."""
    port = free_port()
    town.webhook_at = f"http://127.0.0.1:{port}/telegram"
    return "https://bots.example/telegram", "127.0.0.1", port


async def test_every_menu_is_told_by_language_and_kind_of_chat(town, tmp_path):
    async with running(town, tmp_path):
        await town.until(lambda: len(town.world.menus) == 9)

    assert {language for _, language in town.world.menus} == {"", "ru", "zh"}
    told = {
        command["command"]: command["description"]
        for command in town.world.menus['{"type": "all_private_chats"}', "ru"]
    }
    assert told["credits"] == "Посмотреть свои кредиты"


async def test_administrators_of_the_bot_have_a_menu_of_their_own(town, tmp_path):
    async with running(town, tmp_path, admins=frozenset({town.bob.id}), packs=((500, 50),)):
        await town.until(lambda: len(town.world.menus) == 12)

    scope = f'{{"chat_id": {town.bob.id}, "type": "chat"}}'
    assert {"grant", "block", "refund", "imagine"} <= {
        command["command"] for command in town.world.menus[scope, ""]
    }


def test_all_kinds_of_updates_are_asked_for_that_are_handled():
    assert set(KINDS) <= ALL_KINDS
    assert "pre_checkout_query" in KINDS


async def test_updates_that_waited_while_the_bot_was_away_are_taken(town, tmp_path):
    town.imagine("while you were away")
    async with running(town, tmp_path):
        await town.until(lambda: town.answers() and town.last.file)


async def test_what_was_taken_before_a_stop_is_not_heard_again(town, tmp_path):
    async with running(town, tmp_path):
        town.says("/help")
        await town.until(town.answers)
    async with running(town, tmp_path):
        town.says("/queue")
        await town.until(lambda: len(town.answers()) == 2)

    assert "Waiting" in town.last.text


async def test_what_a_stop_interrupts_is_heard_again(town):
    taken, never = asyncio.Event(), asyncio.Event()

    async def take(_):
        taken.set()
        await never.wait()

    async with telegram.Bot(TOKEN, base_url=f"{town.url}/bot") as bot:
        town.says("/imagine a hat")
        polling = asyncio.create_task(Poll(bot, take).run())
        await taken.wait()
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        [update] = await bot.get_updates()

    assert update.message.text == "/imagine a hat"


async def test_a_webhook_brings_updates_with_its_secret(town, tmp_path, door):
    async with running(town, tmp_path, webhook=door, ready=False) as bot:
        await town.until(lambda: town.world.webhook)
        town.imagine("a hat")
        await town.until(lambda: town.answers() and town.last.file)
        await bot.until_confirmed()

    assert town.world.webhook["url"] == door[0]
    assert set(town.world.webhook["allowed_updates"]) == set(KINDS)
    assert town.world.webhook["secret_token"] == secret_of(TOKEN)
    assert TOKEN not in str(town.world.webhook)
    assert town.polls == 0


async def test_updates_for_a_webhook_wait_while_the_bot_is_away(town, tmp_path, door):
    async with running(town, tmp_path, webhook=door, ready=False):
        await town.until(lambda: town.world.webhook)
    town.imagine("a hat")
    await town.until(lambda: town.pushes)
    async with running(town, tmp_path, webhook=door, ready=False):
        await town.until(lambda: town.answers() and town.last.file)

    assert town.pushes[0][0] == 0


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        ("", "{}", 403),
        ("wrong", "{}", 403),
        (secret_of(TOKEN), "no json", 400),
        (secret_of(TOKEN), "[]", 400),
    ],
)
async def test_what_does_not_come_from_telegram_is_turned_away(  # noqa: PLR0913, PLR0917 - a table
    town, tmp_path, door, secret, body, status
):
    async with running(town, tmp_path, webhook=door, ready=False) as bot:
        await town.until(lambda: town.world.webhook)
        async with (
            aiohttp.ClientSession() as session,
            session.post(town.webhook_at, data=body, headers={SECRET_HEADER: secret}) as answer,
        ):
            assert answer.status == status
        assert bot.asked == []


async def test_an_update_that_is_brought_twice_is_taken_once(town, tmp_path, door):
    async with running(town, tmp_path, webhook=door, ready=False) as bot:
        await town.until(lambda: town.world.webhook)
        told = {"update_id": 5, "message": town.says("/queue").payload()}
        told["message"]["entities"] = [{"type": "bot_command", "offset": 0, "length": 6}]
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                headers = {SECRET_HEADER: secret_of(TOKEN)}
                async with session.post(town.webhook_at, json=told, headers=headers) as answer:
                    assert answer.status == 200
        await town.until(lambda: len(bot.asked) >= 2)  # and once as the loopback brings it itself

        assert len(bot.asked) == 2


async def test_back_from_webhook_to_fetching(town, tmp_path, door):
    async with running(town, tmp_path, webhook=door, ready=False):
        await town.until(lambda: town.world.webhook)
    async with running(town, tmp_path):
        town.says("/help")
        await town.until(town.answers)


async def test_a_rival_on_the_same_token_is_one_sentence_and_growing_pauses(town, tmp_path, caplog):
    town.conflict = True
    async with running(town, tmp_path, ready=False):
        await town.until(lambda: len(town.polled_at) >= 3)
        town.conflict = False
        town.says("/help")
        await town.until(town.answers)

    first, second, third = town.polled_at[:3]
    assert third - second > second - first >= 1
    assert [record.message for record in caplog.records if "another process" in record.message] == [
        "another process fetches this Telegram bot's updates: stop that one, or make a second bot"
    ]


async def test_a_wrong_token_ends_with_one_sentence(town, tmp_path, caplog):
    bot = Bot(town, tmp_path, ScriptedPainter(), token="123456:wrong-and-quiet")

    async with asyncio.timeout(10):
        await bot.front.run()

    assert [record.message for record in caplog.records] == [
        "Telegram refuses TELEGRAM_TOKEN: copy it anew from @BotFather"
    ]
    assert "wrong-and-quiet" not in caplog.text


async def test_a_telegram_that_is_down_at_the_start_is_waited_for(town, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.telegram.front.FIRST_PAUSE_SECONDS", 0.05)
    town.fault(down("getMe", times=2))
    async with running(town, tmp_path):
        town.says("/help")
        await town.until(town.answers)


async def test_what_botfather_was_not_told_is_told_to_the_owner(town, tmp_path, caplog):
    town.world.me = {"can_join_groups": False, "supports_inline_queries": False}
    async with running(town, tmp_path, stage=-5):
        pass

    warned = [record.message for record in caplog.records if "@BotFather" in record.message]
    assert [message.split(":")[0] for message in warned] == [
        "inline mode is off",
        "the bot cannot be added to groups",
    ]


async def test_an_update_that_cannot_be_read_holds_up_no_other_and_is_not_logged(town, tmp_path, caplog):
    odd = {"message_id": 1, "text": "a secret wish"}
    town.update("message", odd)
    town.imagine("a red fox")
    town.update("message", odd)
    async with running(town, tmp_path) as bot:
        await town.until(lambda: town.answers() and town.last.file)
        town.update("message", odd)
        town.imagine("a hen")
        await town.until(lambda: sum(bool(message.file) for message in town.answers()) == 2)
        await bot.until_confirmed()

        assert len(await bot.jobs()) == 2
    assert "an update cannot be read" in caplog.text
    assert "secret" not in caplog.text
