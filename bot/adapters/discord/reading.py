"""What an interaction says: who, where, in which language, and where its answer will stand. No I/O."""

from typing import Any

import discord

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.buttons import Press
from bot.commands import Here, Person
from bot.shown_names import shown_name
from bot.texts import language_for
from storage.records import Identity, PlaceId


def identity(press: Press) -> Identity:
    """Return who asks."""
    return Identity(PLATFORM, str(press.user.id))


def person(press: Press, preferred_language: str | None) -> Person:
    """Return who asks, in the language they prefer or else in that of their Discord."""
    return Person(
        identity=identity(press),
        name=shown_name(press.user.display_name) or press.user.name,
        language=preferred_language or language_for(str(press.locale)),
    )


def place(press: Press) -> PlaceId | None:
    """Return the server, or None in direct messages."""
    return PlaceId(PLATFORM, str(press.guild_id)) if press.guild_id is not None else None


def here(press: Press) -> Here | None:
    """Return what the rules of a server go by."""
    where = place(press)
    if where is None:
        return None
    return Here(place=where, channels=_channels(press), roles=_roles(press), manages=manages(press))


def _channels(press: Press) -> tuple[str, ...]:
    """Return the channel and what it lies in."""
    channel: Any = press.channel
    lies_in = [press.channel_id]
    if isinstance(channel, discord.Thread):
        lies_in.append(channel.parent_id)
        channel = channel.parent  # None where the bot does not see it
    lies_in.append(getattr(channel, "category_id", None))
    return tuple(str(number) for number in lies_in if number)


def _roles(press: Press) -> tuple[str, ...]:
    return tuple(str(role.id) for role in getattr(press.user, "roles", ()))


def manages(press: Press) -> bool:
    """Say whether this person manages the server."""
    return press.guild_id is not None and press.permissions.manage_guild


def is_age_restricted(press: Press) -> bool:
    """Say whether only adults see this channel."""
    asks = getattr(press.channel, "is_nsfw", None)
    return bool(asks()) if asks is not None else False


def is_moderator(press: Press) -> bool:
    """Say whether this person may remove what others wrote here."""
    return press.guild_id is not None and press.permissions.manage_messages


def is_private(press: Press) -> bool:
    """Say whether the message that was used is seen by this person alone, so that the answer is too."""
    return press.message is not None and press.message.flags.ephemeral


def pressed_on(press: Press) -> int | None:
    """Return the message whose button or select was used."""
    return press.message.id if press.message is not None else None


def asked_for(press: Press) -> bool:
    """Say whether the message that was used came about because this person asked for it."""
    if press.guild_id is None:
        return True
    asked = press.message.interaction_metadata if press.message is not None else None
    return asked is not None and asked.user.id == press.user.id


def field_of(form: Any, custom_id: str) -> str:
    """Return the text of a form's field, wherever it stands in it."""
    if isinstance(form, dict):
        if form.get("custom_id") == custom_id and "value" in form:
            return str(form["value"])
        form = [form.get("components", []), form.get("component", [])]
    return "".join(field_of(part, custom_id) for part in form) if isinstance(form, list) else ""


def may_write(press: Press) -> bool:
    """Say whether the bot itself may write here; otherwise a person brought it along as their own app."""
    return press.is_guild_integration() or press.context.dm_channel


def address_of(press: Press, *, private: bool, now: float, spoiler: bool = False) -> Address:
    """Return where the answer to a press is going to be shown, but for its message."""
    return Address(
        application=press.application_id,
        token=press.token,
        born=now,
        channel=press.channel_id or 0,
        message=None,
        guild=press.guild_id,
        user=press.user.id,
        private=private,
        member=may_write(press),
        limit=press.filesize_limit,
        spoiler=spoiler,
    )
