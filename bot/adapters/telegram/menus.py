"""The commands that Telegram offers while somebody types, by language and kind of chat."""

from collections.abc import Sequence

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from bot.adapters.telegram.wording import COMMANDS
from bot.pages import command_key
from bot.texts import LANGUAGES, say

SCOPES: Sequence[tuple[BotCommandScope, Sequence[str]]] = (
    (BotCommandScopeAllPrivateChats(), COMMANDS),
    (BotCommandScopeAllGroupChats(), COMMANDS),
    (BotCommandScopeAllChatAdministrators(), COMMANDS),
)


async def tell_menus(bot: Bot) -> None:
    """Tell Telegram every menu; English is for everybody whose language has none."""
    for scope, names in SCOPES:
        for place, language in enumerate(LANGUAGES):
            commands = [BotCommand(name, say(language, command_key(name))) for name in names]
            await bot.set_my_commands(commands, scope=scope, language_code=language if place else "")
