"""Keeps the bot on Discord: logs in, tells the commands where they changed, comes back after outages."""

import asyncio
import hashlib
import json
import logging
import random
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.adapters.discord.buttons import ITEMS, Press
from bot.adapters.discord.commands import BOTH_INSTALLS, EVERYWHERE, Translator, build
from bot.adapters.discord.controls import Control
from bot.adapters.discord.core import Account, Core
from bot.adapters.discord.desk import Desk, apologise
from bot.adapters.discord.invited import tell, tell_all
from bot.adapters.discord.journal import Journal
from bot.adapters.discord.mine import JoinButton, MineButton
from bot.adapters.discord.office import Office
from bot.adapters.discord.own_styles import StyleButton
from bot.adapters.discord.reception import Reception
from bot.adapters.discord.surface import DiscordSurface
from bot.adapters.discord.synced import Synced

log = logging.getLogger(__name__)

API_VERSION = "v10"
LONGEST_WAIT_SECONDS = 30.0  # for a rate limit inside discord.py; longer ones are told to Delivery
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 60.0
CLOSING_SECONDS = 3.0
WRONG_TOKEN = 4004  # the gateway's close code
NOT_LET_IN = "Discord refuses DISCORD_TOKEN: copy it anew from the Bot page of your application"
AWAY = (
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.ConnectionClosed,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody is going to speak


class DiscordFront:
    """`surface` shows updates, `run` lives as long as the bot."""

    def __init__(self, core: Core, account: Account) -> None:
        self.surface = DiscordSurface(core)
        self._journal = Journal(account.journal)
        self._office = Office(Desk(core, self.surface, Reception(self._journal)), account.trusted)
        self._account = account

    async def run(self) -> None:
        """Stay on Discord until cancelled. Ends by itself only where the token is wrong."""
        resuming = asyncio.create_task(self._office.orders.resume(self._journal))
        try:
            await self._stay()
        finally:
            resuming.cancel()
            await asyncio.gather(resuming, return_exceptions=True)

    async def _stay(self) -> None:
        now = asyncio.get_running_loop().time
        pause, began = FIRST_PAUSE_SECONDS, now()
        while not await self._ended_for_good():
            if now() - began > LONGEST_PAUSE_SECONDS:  # it had gone well for a while
                pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - bots shall not knock in step
            pause, began = min(pause * 2, LONGEST_PAUSE_SECONDS), now()

    async def _ended_for_good(self) -> bool:
        """Be on Discord for as long as it lasts; say whether trying again is pointless."""
        try:
            await self._live()
        except (discord.LoginFailure, UnicodeError):  # no token has letters that no header takes
            log.error(NOT_LET_IN)  # noqa: TRY400 - the sentence says all
            return True
        except discord.RateLimited as error:
            log.warning("Discord wants to be left alone", extra={"seconds": error.retry_after})
            await asyncio.sleep(error.retry_after)
        except AWAY as error:
            if isinstance(error, discord.ConnectionClosed) and error.code == WRONG_TOKEN:
                log.error(NOT_LET_IN)  # noqa: TRY400 - as above
                return True
            log.warning("Discord cannot be reached", extra={"reason": type(error).__name__})
        except Exception:
            log.exception("the Discord adapter stumbled and starts again")
        return False

    async def _live(self) -> None:
        client = Client(self._office, self._account)
        life = asyncio.create_task(client.start(self._account.token))
        try:
            await asyncio.shield(life)
        finally:
            self.surface.client = None
            await _close(client, life)


async def _close(client: discord.Client, life: asyncio.Task[None]) -> None:
    """Say goodbye, but not for longer than stopping may take.

    Closing comes before cancelling: while it reconnects, discord.py swallows a cancellation.
    """
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            await client.close()
    except TimeoutError:
        log.warning("Discord did not say goodbye")
        await client.http.close()
    life.cancel()
    await asyncio.wait({life}, timeout=CLOSING_SECONDS / 2)
    if life.done() and not life.cancelled():
        life.exception()  # told already where it matters; here it would only be logged again


class Client(discord.AutoShardedClient):
    """One login. It caches servers and channels, no members and no messages.

    Of messages it is told the words only where they are for the bot: it does not ask for others'.
    """

    def __init__(self, office: Office, account: Account) -> None:
        numbers, count = account.shards or ((), None)
        ours: dict[str, Any] = {"shard_ids": list(numbers), "shard_count": count} if numbers else {}
        super().__init__(
            **ours,
            activity=discord.CustomActivity(f"{office.desk.core.model.title} · /imagine"),
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_ratelimit_timeout=LONGEST_WAIT_SECONDS,
        )
        self.office = office
        self._account = account
        self._surface = office.desk.surface
        self._tree = _Tree(self, allowed_contexts=EVERYWHERE, allowed_installs=BOTH_INSTALLS)
        build(self._tree, office)
        if account.api_url is not None:
            Route.BASE = api_base(account.api_url)

    async def setup_hook(self) -> None:
        """Prepare everything that must stand before the first event."""
        if self._account.api_url is not None:
            _, url, _ = await self.http.get_bot_gateway()
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
        await self._tree.set_translator(Translator())
        self.add_dynamic_items(*ITEMS, Control, MineButton, JoinButton, StyleButton)
        await self._sync()
        self._surface.client = self

    async def on_interaction(self, press: Press) -> None:
        """Take forms here: discord.py forgets the open ones at a restart."""
        if press.type is discord.InteractionType.modal_submit:
            await self.office.orders.submitted(press)

    async def on_message(self, message: discord.Message) -> None:
        """Take what is written to the bot."""
        await self.office.greeting.heard(self, message)

    async def on_ready(self) -> None:
        """Tell the owner what is amiss with the servers."""
        tell_all(self)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell the owner."""
        log.info("invited to a server", extra={"server": guild.id, "servers": len(self.guilds)})
        tell(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Tell the owner."""
        log.info("removed from a server", extra={"server": guild.id, "servers": len(self.guilds)})

    async def on_shard_ready(self, shard: int) -> None:
        """Tell the owner."""
        log.info("on Discord", extra={"shard": shard, "servers": len(self.guilds)})

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """Log a bug once; its arguments would hold prompts."""
        log.error("a Discord event failed", extra={"event": event_method}, exc_info=True)  # noqa: LOG014 - called while it is handled

    async def _sync(self) -> None:
        """Tell Discord the commands where they changed, in the test servers if there are any."""
        known = Synced(self._account.synced, f"{self.application_id}:")
        chosen: list[discord.Object | None] = [discord.Object(number) for number in self._account.guilds]
        for guild in chosen or [None]:
            if guild is not None:
                self._tree.copy_global_to(guild=guild)
            await self._sync_in(guild, known)
        for number in known.guilds() - set(self._account.guilds):  # else the commands stood there twice
            await self._sync_in(discord.Object(number), known)

    async def _sync_in(self, guild: discord.Object | None, known: Synced) -> None:
        fingerprint = await self._tree.fingerprint(guild)
        if known.get(guild) != fingerprint and await self._tell(guild):
            known.put(guild, fingerprint)

    async def _tell(self, guild: discord.Object | None) -> bool:
        try:
            await self._tree.sync(guild=guild)
        except discord.Forbidden:
            log.error("the bot is not in a server of DISCORD_GUILD_IDS", extra={"guild": guild and guild.id})  # noqa: TRY400 - the sentence says all
        except discord.DiscordServerError:
            raise
        except (discord.HTTPException, discord.RateLimited) as error:
            code = getattr(error, "code", 0)
            log.error("Discord does not take the commands: those it knows stay", extra={"code": code})  # noqa: TRY400 - as above
        else:
            return True
        return False


class _Tree(app_commands.CommandTree[Client]):
    async def fingerprint(self, guild: discord.Object | None) -> str:
        """Return what changes whenever Discord has to be told the commands again."""
        translator = self.translator
        assert translator is not None
        told = [
            await command.get_translated_payload(self, translator)
            for command in self.get_commands(guild=guild)
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    async def on_error(self, interaction: Press, error: app_commands.AppCommandError, /) -> None:
        """Log a bug once and say so kindly, if Discord still listens."""
        log.error("a command failed", exc_info=error)
        if not interaction.response.is_done():
            await apologise(interaction, interaction.client.office.desk.person(interaction).language)


def api_base(url: str) -> str:
    """Return the address of the API's version that discord.py speaks.

    >>> api_base("http://127.0.0.1:3000/api/"), api_base("https://discord.com/api/v10")
    ('http://127.0.0.1:3000/api/v10', 'https://discord.com/api/v10')
    """
    url = url.rstrip("/")
    return url if url.endswith(f"/{API_VERSION}") else f"{url}/{API_VERSION}"
