"""Discord and Telegram, each where it has a token; without one its library is never loaded."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from bot.commands import Command
from bot.options import heeded
from bot.people import People
from bot.places import Places
from bot.settings import Settings
from bot.styles import Styles
from bot.updates import Answer, Update
from generator.loras import Shelf
from generator.models import Model, model_for
from storage.pictures import Pictures
from storage.records import Post
from storage.sql.store import SqlStore

if TYPE_CHECKING:
    from bot.adapters.discord.front import DiscordFront
    from bot.adapters.telegram.front import TelegramFront


def discord_front(  # noqa: PLR0913, PLR0917 - the parts it speaks to
    settings: Settings,
    store: SqlStore,
    folder: Pictures,
    answer: Callable[[Command], Awaitable[Answer]],
    people: People,
    places: Places,
    styles: Styles,
    shelf: Shelf,
    model: Model,
) -> "DiscordFront | None":
    """Return what lives on Discord, or None without a token; discord.py is loaded only with one."""
    if settings.discord_token is None:
        return None
    from bot.adapters.discord.core import Account, Core  # noqa: PLC0415 - costs 0.2 s and 9 MB
    from bot.adapters.discord.front import DiscordFront  # noqa: PLC0415 - the same

    core = Core(
        answer=answer,
        read=folder.read,
        post=store.post,
        preferences=people.preferences,
        rules=places.rules,
        now=time.time,
        styles=styles,
        loras=shelf,
        model=model,
        most_pictures=settings.max_count,
        public_url=settings.public_url,
    )
    account = Account(
        token=settings.discord_token.get_secret_value(),
        api_url=settings.discord_api_url,
        guilds=settings.discord_guilds,
        synced=settings.discord_commands,
        journal=settings.discord_journal,
        trusted=settings.discord_trusted_guilds,
        shards=settings.discord_shard_numbers,
    )
    return DiscordFront(core, account)


def telegram_front(  # noqa: PLR0913, PLR0917 - the parts it speaks to
    settings: Settings,
    store: SqlStore,
    folder: Pictures,
    answer: Callable[[Command], Awaitable[Answer]],
    push: Callable[[Post, Update], None],
    people: People,
    places: Places,
) -> "TelegramFront | None":
    """Return what lives on Telegram, or None without a token; its library is loaded only with one."""
    if settings.telegram_token is None:
        return None
    from bot.adapters.telegram.core import Account, Core  # noqa: PLC0415 - costs 0.3 s and 20 MB
    from bot.adapters.telegram.front import TelegramFront  # noqa: PLC0415 - the same

    model = model_for(settings.model)
    core = Core(
        answer=answer,
        read=folder.read,
        post=store.post,
        move_post=store.move_post,
        push=push,
        now=time.time,
        preferences=people.preferences,
        rules=places.rules,
        options=heeded(model),
    )
    account = Account(
        token=settings.telegram_token.get_secret_value(),
        api_url=settings.telegram_api_url,
        ratios=tuple(model.aspects),
        most_pictures=settings.max_count,
        admins=settings.telegram_administrators,
        stage=settings.telegram_staging_chat,
        packs=settings.telegram_offers,
        plain=settings.telegram_plain_text,
        webhook=settings.telegram_webhook,
    )
    front = TelegramFront(core, account)
    front.lead = store.company.lead
    return front
