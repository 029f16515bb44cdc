"""Tells the owner, in the log, what the servers that the bot was invited to lack."""

import logging

import discord

log = logging.getLogger(__name__)

NEEDED = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, attach_files=True
)
NAMES = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "attach_files": "Attach Files",
}
MOST_TOLD = 10  # servers


def invitation(application: int) -> str:
    """Return the address where the bot is invited to a server, with all it needs."""
    return discord.utils.oauth_url(application, permissions=NEEDED, scopes=("bot", "applications.commands"))


def tell_all(client: discord.Client) -> None:
    """Say where nobody can paint, and why."""
    if not client.guilds and client.application_id is not None:
        link = invitation(client.application_id)
        log.warning("the bot is in no server yet: invite it", extra={"invitation": link})
    lacking = [guild for guild in client.guilds if missing(guild)]
    for guild in lacking[:MOST_TOLD]:
        tell(guild)


def tell(guild: discord.Guild) -> None:
    """Say which permissions a server keeps from the bot, if any."""
    if names := missing(guild):
        log.warning(
            "a server keeps permissions from the bot", extra={"server": guild.id, "missing": ", ".join(names)}
        )


def missing(guild: discord.Guild) -> list[str]:
    """Name the permissions that the bot's roles do not give it there; channels may differ."""
    allowed = guild.me.guild_permissions if guild.me is not None else NEEDED
    return [name for field, name in NAMES.items() if not getattr(allowed, field)]
