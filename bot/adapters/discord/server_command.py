"""/server: for whoever manages it; what a page of controls cannot hold is typed as options."""

from typing import Annotated, Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.core import Core
from bot.adapters.discord.servers import Servers
from bot.adapters.discord.spoken import AS_USUAL, as_usual, aspects, options, text
from storage.records import MOST_WEIGHT

SIDES = (256, 512, 768, 1024, 1280, 1536, 2048)  # squares with as many pixels as the largest picture
MEANINGS = {
    "role": "discord_option_role",
    "weight": "discord_option_weight",
    "aspect": "discord_option_server_aspect",
    "count": "discord_option_server_count",
    "largest": "discord_option_largest",
}
IN_SERVERS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
BY_SERVERS = app_commands.AppInstallationType(guild=True, user=False)
MANAGERS = discord.Permissions(manage_guild=True)


def for_managers(name: str, description: str, callback: Any) -> app_commands.Command[Any, ..., Any]:
    """Return a command that Discord offers only to those who manage the server."""
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=name,
        description=text(description),
        callback=app_commands.default_permissions(MANAGERS)(callback),
        allowed_contexts=IN_SERVERS,
        allowed_installs=BY_SERVERS,
    )
    return command


def server_command(servers: Servers, core: Core) -> app_commands.Command[Any, ..., Any]:
    """Return the command."""

    async def server(  # noqa: PLR0913, PLR0917 - one per option, as discord.py reads them
        press: Press,
        role: discord.Role | None = None,
        weight: Annotated[float | None, app_commands.Range[float, 0.0, MOST_WEIGHT]] = None,
        aspect: str | None = None,
        count: str | None = None,
        largest: str | None = None,
    ) -> None:
        change: dict[str, Any] = {}
        if role is not None:
            change["roles"] = servers.weighing(press, str(role.id), 1.0 if weight is None else weight)
        if aspect is not None:
            change["aspect"] = _or_none(aspect)
        if count is not None:
            change["count"] = _number(count)
        if largest is not None:
            change["most_pixels"] = _number(largest)
        await servers.page(press, change)

    spoken = options(server, MEANINGS, MEANINGS)
    chosen = app_commands.choices(
        aspect=[as_usual(), *aspects(core.model)],
        count=[as_usual(), *(Choice(name=str(n), value=str(n)) for n in range(1, core.most_pictures + 1))],
        largest=[
            Choice(name=text("no_limit"), value=AS_USUAL),
            *(Choice(name=f"{side} × {side}", value=str(side * side)) for side in SIDES),
        ],
    )(spoken)
    return for_managers("server", "discord_command_server", chosen)


def _or_none(value: str) -> str | None:
    return None if value == AS_USUAL else value


def _number(value: str) -> int | None:
    return None if value == AS_USUAL else int(value)
