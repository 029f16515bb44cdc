"""At its most talkative, with every front open, no log holds a secret or what somebody ordered."""

import asyncio

import aiohttp
from product import Product, eventually
from street import join_discord, join_telegram, new_key
from webhook_receiver import receiving

from tests.platforms.discord import TOKEN as DISCORD_TOKEN
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import TOKEN as TELEGRAM_TOKEN
from tests.platforms.telegram import LoopbackTelegram

PASSWORD = "correct-horse-battery"
PROMPT = "a quokka in pyjamas --steps 1"


async def logged_in(http: aiohttp.ClientSession, bot: Product) -> str:
    """Go in by a wrong and then the right password; return the cookie."""
    for password in (PASSWORD + "x", PASSWORD):
        given = {"password": password, "language": "en"}
        async with http.post(f"{bot.url}/login", json=given, headers={"origin": bot.url}) as answer:
            cookies = answer.cookies
    return next(iter(cookies.values())).value


async def test_no_log_of_any_front_holds_a_secret_or_a_prompt(made, tmp_path):
    async with LoopbackDiscord() as discord, LoopbackTelegram() as telegram, aiohttp.ClientSession() as http:
        with receiving() as receiver:
            join_discord(tmp_path, discord)
            join_telegram(tmp_path, telegram)
            bot: Product = made(PASSWORD=PASSWORD, LOG_LEVEL="debug", FETCH_ALLOW=receiver.host)
            await asyncio.to_thread(bot.start)
            await discord.ready()
            await telegram.ready()
            key = await asyncio.to_thread(new_key, bot.data, "shop", **bot.settings)
            headers = {"authorization": f"Bearer {key}"}

            painted = discord.imagine(PROMPT)
            telegram.imagine(PROMPT)
            cookie = await logged_in(http, bot)
            order = {"prompt": PROMPT, "steps": 1, "webhook": receiver.url}
            async with http.post(f"{bot.url}/v1/jobs", json=order, headers=headers) as answer:
                assert answer.status == 202
            async with http.get(f"{bot.url}/v1/jobs", headers={"authorization": f"Bearer {key}x"}) as answer:
                assert answer.status == 401
            async with http.get(f"{bot.url}/v1/me", headers=headers) as answer:
                webhook_secret = (await answer.json())["webhook_secret"]
            await discord.until(lambda: painted.original and painted.original.attachments, seconds=120)
            await telegram.until(lambda: telegram.answers() and telegram.last.file, seconds=120)
            await eventually(lambda: len(receiver.ids) == 1, 120)
            assert bot.stop(60) == 0

    said = "".join(log.read_text() for log in [bot.log, *(bot.data / "logs").glob("*")])
    secrets = [DISCORD_TOKEN, TELEGRAM_TOKEN, PASSWORD, key.rpartition("_")[2], webhook_secret, cookie]
    assert len(said.splitlines()) > 10
    assert [secret for secret in [*secrets, "quokka"] if secret in said] == []
