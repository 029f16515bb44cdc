"""What the bot needs where it is asked to paint, checked before anything is accepted. No I/O."""

from typing import Any

import discord

from bot.texts import listed, say


def missing(press: discord.Interaction[Any], language: str) -> str | None:
    """Return one sentence that names what is missing here, or None when nothing is."""
    allowed = press.app_permissions
    names = [name for name in _needed(press) if not getattr(allowed, name)]
    if not names:
        return None
    spoken = listed(language, (say(language, f"discord_may_{name}") for name in names))
    return say(language, "discord_missing", permissions=spoken)


def _needed(press: discord.Interaction[Any]) -> tuple[str, ...]:
    if press.guild_id is None:
        return ()
    if not press.is_guild_integration():
        return ("attach_files",)
    speak = "send_messages_in_threads" if isinstance(press.channel, discord.Thread) else "send_messages"
    return ("view_channel", speak, "attach_files")
