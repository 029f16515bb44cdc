"""What an interaction says: who, where, in which language, and where its answer will stand. No I/O."""

from typing import Any

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.buttons import Press
from bot.commands import Person
from bot.texts import language_for
from storage.records import Identity


def person(press: Press) -> Person:
    """Return who asks, in the language their Discord speaks."""
    return Person(
        identity=Identity(PLATFORM, str(press.user.id)),
        name=press.user.display_name,
        language=language_for(str(press.locale)),
    )


def is_moderator(press: Press) -> bool:
    """Say whether this person may remove what others wrote here."""
    return press.guild_id is not None and press.permissions.manage_messages


def is_private(press: Press) -> bool:
    """Say whether the message that was used is seen by this person alone, so that the answer is too."""
    return press.message is not None and press.message.flags.ephemeral


def pressed_on(press: Press) -> int | None:
    """Return the message whose button or select was used."""
    return press.message.id if press.message is not None else None


def field_of(form: Any, custom_id: str) -> str:
    """Return the text of a form's field, wherever it stands in it."""
    if isinstance(form, dict):
        if form.get("custom_id") == custom_id and "value" in form:
            return str(form["value"])
        form = [form.get("components", []), form.get("component", [])]
    return "".join(field_of(part, custom_id) for part in form) if isinstance(form, list) else ""


def address_of(press: Press, *, private: bool, now: float) -> Address:
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
        member=press.is_guild_integration() or press.context.dm_channel,
        limit=press.filesize_limit,
    )
