"""Tells whoever writes to the bot, instead of using a command, how pictures are ordered.

Discord hands over the words of direct messages and of messages that name the bot, and of no others.
"""

from typing import Any

import discord

from bot.adapters.discord.address import PLATFORM
from bot.adapters.discord.desk import Desk
from bot.adapters.discord.replies import LOST, log_lost
from bot.recent import Recent
from bot.texts import language_for, say
from storage.records import Identity

SECONDS = 60.0  # between two hints in one channel
REMEMBERED = 10_000  # channels


class Greeting:
    """`heard` is called with every message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._hinted: Recent[int, float] = Recent(REMEMBERED)

    async def heard(self, client: discord.Client, message: discord.Message) -> None:
        """Answer what was meant for the bot; chatter, other bots and repetitions are left alone."""
        if message.author.bot or not _is_for_us(client, message) or not self._is_fresh(message.channel.id):
            return
        hint = say(self._language(message), "greeting")
        text = hint if message.guild is None else f"{message.author.mention} {hint}"
        try:
            await message.channel.send(text)
        except LOST as error:
            log_lost(error)

    def _is_fresh(self, channel: int) -> bool:
        now = self._desk.core.now()
        if now - self._hinted.get(channel, float("-inf")) < SECONDS:
            return False
        self._hinted[channel] = now
        return True

    def _language(self, message: discord.Message) -> str:
        """Return what the person prefers; Discord tells no more than the language of the server."""
        preferred = self._desk.core.preferences(Identity(PLATFORM, str(message.author.id))).language
        home = (
            message.guild.preferred_locale if message.guild is not None else discord.Locale.american_english
        )
        return preferred or language_for(str(home))


def _is_for_us(client: Any, message: discord.Message) -> bool:
    """Say whether it was written to the bot alone, or names it; an answer to it only names it silently."""
    if message.guild is None:
        return True
    return client.user is not None and f"<@{client.user.id}>" in message.content.replace("<@!", "<@")
