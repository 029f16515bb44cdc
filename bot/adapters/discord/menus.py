"""What stands in the menu of every message."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.lookups import Lookups
from bot.adapters.discord.spoken import text


def menus(lookups: Lookups) -> Iterator[app_commands.ContextMenu]:
    """Yield the entries."""
    entries = {
        "discord_menu_info": lookups.info,
        "discord_menu_settings": lookups.settings,
        "discord_menu_remix": lookups.remix,
    }
    for key, deed in entries.items():
        yield _entry(key, deed)


def _entry(key: str, deed: Any) -> app_commands.ContextMenu:
    async def run(press: Press, message: discord.Message) -> None:
        await deed(press, message)

    return app_commands.ContextMenu(name=text(key), callback=run)
