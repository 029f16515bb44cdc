"""One person on Discord and on Telegram: one account, one history, one purse, in the real product."""

import asyncio
import re

import pytest

from tests.platforms.discord import TOKEN as DISCORD_TOKEN
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import TOKEN as TELEGRAM_TOKEN
from tests.platforms.telegram import LoopbackTelegram


@pytest.fixture
async def discord():
    async with LoopbackDiscord() as loopback:
        yield loopback
    assert loopback.complaints == []


@pytest.fixture
async def telegram():
    async with LoopbackTelegram() as loopback:
        yield loopback
    assert loopback.complaints == []


def credits_in(text: str) -> int:
    return int(re.search(r"([\d,]+) credits", text)[1].replace(",", ""))


async def test_credits_and_history_are_shared_once_the_accounts_are_joined(made, tmp_path, discord, telegram):
    (tmp_path / ".env").write_text(
        f"DISCORD_TOKEN={DISCORD_TOKEN}\nDISCORD_API_URL={discord.url}\n"
        f"TELEGRAM_TOKEN={TELEGRAM_TOKEN}\nTELEGRAM_API_URL={telegram.url}\n"
    )
    product = made(tmp_path / "data")
    await asyncio.to_thread(product.start)
    await discord.ready()
    await telegram.ready()

    painted = discord.imagine("a red circle --steps 1")
    await discord.until(lambda: painted.original and painted.original.attachments, seconds=60)
    told = discord.command("link")
    await discord.until(lambda: told.original and told.original.content)
    code = re.search(r"\b[2-9A-Z]{8}\b", told.original.content)[0]
    telegram.says(f"/start link_{code}")
    await telegram.until(lambda: telegram.answers() and "from Ann (Discord)" in telegram.last.text)
    telegram.presses(telegram.last, "Yes, both are me")
    await telegram.until(lambda: "Your accounts are one now" in telegram.last.text)
    telegram.imagine("a blue square --steps 1")
    await telegram.until(lambda: telegram.last.file, seconds=60)

    telegram.says("/history")
    await telegram.until(lambda: "newest first" in telegram.last.text)
    history = telegram.last
    telegram.says("/credits")
    await telegram.until(lambda: "You have" in telegram.last.text)
    wallet = discord.command("credits")
    await discord.until(lambda: wallet.original and wallet.original.content)
    telegram.presses(history, "2")
    await telegram.until(lambda: telegram.last.file and telegram.last.text.startswith("a red circle"))

    assert "a red circle" in history.text
    assert "a blue square" in history.text
    assert credits_in(wallet.original.content) == credits_in(
        next(message.text for message in telegram.answers() if message.text.startswith("You have"))
    )
