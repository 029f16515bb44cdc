"""The doctor asks the chat platforms about our token and rights."""

import pytest

from bot.doctor.platforms import clock_check, platform_checks
from bot.doctor.verdicts import Check, Verdict
from bot.settings import Settings
from tests.platforms.discord import TOKEN as DISCORD_TOKEN
from tests.platforms.discord import LoopbackDiscord
from tests.platforms.telegram import TOKEN as TELEGRAM_TOKEN
from tests.platforms.telegram import LoopbackTelegram

ALL_RIGHTS = str((1 << 10) | (1 << 11) | (1 << 15) | (1 << 38))


async def asked(tmp_path, **variables: str) -> list[Check]:
    settings = Settings(data=tmp_path, **variables)
    return [check async for check in platform_checks(settings)]


def on_discord(town: LoopbackDiscord, token: str = DISCORD_TOKEN, **more: str) -> dict[str, str]:
    return {"DISCORD_TOKEN": token, "DISCORD_API_URL": town.url, **more}


def on_telegram(town: LoopbackTelegram, token: str = TELEGRAM_TOKEN, **more: object) -> dict[str, object]:
    return {"TELEGRAM_TOKEN": token, "TELEGRAM_API_URL": town.url, **more}


@pytest.fixture
async def discord():
    async with LoopbackDiscord() as loopback:
        yield loopback


@pytest.fixture
async def telegram():
    async with LoopbackTelegram() as loopback:
        yield loopback


async def test_a_good_token_with_all_rights_is_well(tmp_path, discord):
    discord.world.my_guilds = [{"id": "7", "name": "Town", "permissions": ALL_RIGHTS}]

    check, clock = await asked(tmp_path, **on_discord(discord))

    assert check == Check("Discord", Verdict.GOOD, "the token is good; 1 servers allow what is needed")
    assert clock.verdict is Verdict.GOOD


async def test_a_server_that_keeps_a_right_from_the_bot_is_named(tmp_path, discord):
    discord.world.my_guilds = [{"id": "7", "name": "Town", "permissions": str(1 << 10 | 1 << 11 | 1 << 38)}]

    check, _ = await asked(tmp_path, **on_discord(discord))

    assert check.verdict is Verdict.NOTE
    assert check.fix == "allow the bot Attach Files in Town."


async def test_an_administrator_has_every_right(tmp_path, discord):
    discord.world.my_guilds = [{"id": "7", "name": "Town", "permissions": "8"}]

    check, _ = await asked(tmp_path, **on_discord(discord))

    assert check.verdict is Verdict.GOOD


async def test_a_server_that_the_bot_is_not_in_is_named(tmp_path, discord):
    check, _ = await asked(tmp_path, **on_discord(discord, DISCORD_GUILD_IDS="99"))

    assert (check.verdict, check.finding) == (Verdict.BAD, "the bot is not in server 99")


@pytest.mark.parametrize("platform", ["discord", "telegram"])
async def test_a_token_that_is_not_taken_is_what_to_mend(tmp_path, discord, telegram, platform):
    wrong = on_discord(discord, "wrong") if platform == "discord" else on_telegram(telegram, "1:wrong")

    check = (await asked(tmp_path, **wrong))[0]

    assert check.verdict is Verdict.BAD
    assert check.fix == f"put a new token into {platform.upper()}_TOKEN."


async def test_on_telegram_a_good_token_is_well(tmp_path, telegram):
    check = (await asked(tmp_path, **on_telegram(telegram)))[0]

    assert check == Check("Telegram", Verdict.GOOD, "the token is good")


async def test_on_telegram_a_webhook_of_another_program_is_found(tmp_path, telegram):
    telegram.world.webhook = {"url": "https://elsewhere.example/hook"}

    check = (await asked(tmp_path, **on_telegram(telegram)))[0]

    assert check.verdict is Verdict.NOTE
    assert "another program" in check.fix


async def test_a_platform_that_cannot_be_reached_is_told_without_the_token(tmp_path):
    [check] = await asked(tmp_path, TELEGRAM_TOKEN=TELEGRAM_TOKEN, TELEGRAM_API_URL="http://127.0.0.1:9")

    assert check.verdict is Verdict.BAD
    assert check.finding == "it cannot be reached (ClientConnectorError)"
    assert TELEGRAM_TOKEN.partition(":")[2] not in check.finding + check.fix


def test_a_clock_that_is_wrong_is_found():
    assert clock_check(2.0).verdict is Verdict.GOOD
    assert clock_check(-90.0).finding == "90 s behind the platforms'"
    assert clock_check(90.0).verdict is Verdict.BAD
