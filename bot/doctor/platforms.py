"""What the chat platforms say of our tokens and rights, and what time it is by their clocks."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from bot.doctor.verdicts import Check, Verdict
from bot.settings import Settings

DISCORD = "https://discord.com/api"
TELEGRAM = "https://api.telegram.org"
ANSWER_SECONDS = 15.0
CLOCK_SECONDS = 30.0  # signed links and webhooks of others allow minutes; more than this is a fault to mend
DISCORD_NEEDS = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Attach Files": 1 << 15,
    "Send Messages in Threads": 1 << 38,
}
ADMINISTRATOR = 1 << 3
OK = 200
NO_TOKEN = {401, 403, 404}


@dataclass(frozen=True, slots=True)
class Said:
    """A platform's answer. `ahead_seconds` is how far our clock is ahead of its."""

    status: int
    body: Any
    ahead_seconds: float | None


async def platform_checks(settings: Settings) -> AsyncIterator[Check]:
    """Yield a check for each platform that is set, and one for the clock where one of them told the time."""
    ahead: list[float] = []
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as http:
        if settings.discord_token is not None:
            yield await _discord(http, settings, ahead)
        if settings.telegram_token is not None:
            yield await _telegram(http, settings, ahead)
    if ahead:
        yield clock_check(ahead[0])


def clock_check(ahead_seconds: float) -> Check:
    """This machine's clock is right."""
    finding = f"{abs(ahead_seconds):.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} the platforms'"
    if abs(ahead_seconds) > CLOCK_SECONDS:
        return Check("clock", Verdict.BAD, finding, "let this machine set its clock by the network (NTP).")
    return Check("clock", Verdict.GOOD, "right")


async def _discord(http: aiohttp.ClientSession, settings: Settings, ahead: list[float]) -> Check:
    assert settings.discord_token is not None
    base = f"{(settings.discord_api_url or DISCORD).rstrip('/')}/v10"
    headers = {"authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    try:
        me = await _asked(http, f"{base}/users/@me", headers)
        if me.ahead_seconds is not None:
            ahead.append(me.ahead_seconds)
        if me.status != OK:
            return _refused("Discord", me.status, "DISCORD_TOKEN")
        guilds = await _asked(http, f"{base}/users/@me/guilds", headers)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return _silent("Discord", error)
    servers = guilds.body if guilds.status == OK and isinstance(guilds.body, list) else []
    return _discord_rights(settings, servers)


def _discord_rights(settings: Settings, servers: list[Mapping[str, Any]]) -> Check:
    absent = sorted(set(map(str, settings.discord_guilds)) - {str(each.get("id")) for each in servers})
    if absent:
        fix = "invite the bot there, or take it out of DISCORD_GUILD_IDS."
        return Check("Discord", Verdict.BAD, f"the bot is not in server {absent[0]}", fix)
    lacking = [(str(each.get("name")), missing) for each in servers if (missing := _missing(each))]
    if lacking:
        where, missing = lacking[0]
        finding = f"{len(lacking)} of {len(servers)} servers keep rights from the bot; {where}: {missing}"
        return Check("Discord", Verdict.NOTE, finding, f"allow the bot {missing} in {where}.")
    return Check("Discord", Verdict.GOOD, f"the token is good; {len(servers)} servers allow what is needed")


def _missing(server: Mapping[str, Any]) -> str:
    """Name the rights that a server keeps from the bot."""
    rights = int(str(server.get("permissions", "0")))
    if rights & ADMINISTRATOR:
        return ""
    return ", ".join(name for name, bit in DISCORD_NEEDS.items() if not rights & bit)


async def _telegram(http: aiohttp.ClientSession, settings: Settings, ahead: list[float]) -> Check:
    assert settings.telegram_token is not None
    where = (settings.telegram_api_url or TELEGRAM).rstrip("/")
    base = f"{where}/bot{settings.telegram_token.get_secret_value()}"
    try:
        me = await _asked(http, f"{base}/getMe", {})
        if me.ahead_seconds is not None:
            ahead.append(me.ahead_seconds)
        if me.status != OK:
            return _refused("Telegram", me.status, "TELEGRAM_TOKEN")
        hook = await _asked(http, f"{base}/getWebhookInfo", {})
        member = await _staging_member(http, base, settings, me)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return _silent("Telegram", error)
    return _telegram_rights(settings, _result(hook), member)


async def _staging_member(
    http: aiohttp.ClientSession, base: str, settings: Settings, me: Said
) -> Said | None:
    chat = settings.telegram_staging_chat
    if chat is None:
        return None
    return await _asked(http, f"{base}/getChatMember?chat_id={chat}&user_id={_result(me).get('id')}", {})


def _telegram_rights(settings: Settings, hook: Mapping[str, Any], member: Said | None) -> Check:
    if hook.get("url") and settings.telegram_webhook is None:
        fix = "stop what uses this token elsewhere: another program has set a webhook for it."
        return Check("Telegram", Verdict.NOTE, "a webhook is set although updates are to be fetched", fix)
    if settings.telegram_webhook is not None and hook.get("last_error_message"):
        fix = "look whether TELEGRAM_WEBHOOK_URL leads to this machine."
        return Check("Telegram", Verdict.NOTE, "the webhook has failed lately", fix)
    if member is not None and _result(member).get("status") not in {"administrator", "creator", "member"}:
        fix = "add the bot to the chat in TELEGRAM_STAGING_CHAT, with the right to post."
        return Check("Telegram", Verdict.BAD, "the bot is not in the staging chat", fix)
    return Check("Telegram", Verdict.GOOD, "the token is good")


def _result(said: Said) -> Mapping[str, Any]:
    found = said.body.get("result") if isinstance(said.body, dict) else None
    return found if isinstance(found, dict) else {}


def _refused(platform: str, status: int, variable: str) -> Check:
    if status in NO_TOKEN:
        return Check(platform, Verdict.BAD, "the token is not taken", f"put a new token into {variable}.")
    fix = "wait a little and look again; its status page may know more."
    return Check(platform, Verdict.NOTE, f"it answers with an error ({status})", fix)


def _silent(platform: str, error: Exception) -> Check:
    """The address of Telegram holds the token, so of a failure only the kind is told."""
    fix = f"look whether this machine can reach {platform}: network, proxy, firewall."
    return Check(platform, Verdict.BAD, f"it cannot be reached ({type(error).__name__})", fix)


async def _asked(http: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> Said:
    async with http.get(url, headers=headers) as answer:
        told = answer.headers.get("date")
        ahead = None if told is None else time.time() - parsedate_to_datetime(told).timestamp()
        body = await answer.json(content_type=None)
    return Said(answer.status, body, ahead)


def ask_platforms(settings: Settings) -> list[Check]:
    """Return what the platforms say."""

    async def ask() -> list[Check]:
        return [check async for check in platform_checks(settings)]

    return asyncio.run(ask())
