"""The commands that Telegram offers while somebody types, by language and kind of chat."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)

from bot.adapters.telegram.wire import Request
from bot.adapters.telegram.wording import ADMINS, EVERYBODYS, MANAGERS, MONEY, PRIVATE, key_of
from bot.texts import LANGUAGES, say


def menus(*, selling: bool, admins: Iterable[int]) -> Iterator[Request[bool]]:
    """Yield what tells Telegram each menu; English is for everybody whose language has none."""
    private = (*PRIVATE, *(MONEY if selling else ()))
    scopes: Sequence[tuple[BotCommandScope, Sequence[str]]] = (
        (BotCommandScopeAllPrivateChats(), private),
        (BotCommandScopeAllGroupChats(), EVERYBODYS),
        (BotCommandScopeAllChatAdministrators(), MANAGERS),
        *(
            (BotCommandScopeChat(admin), (*private, *ADMINS, *(("refund",) if selling else ())))
            for admin in admins
        ),
    )
    for (scope, names), (place, language) in product(scopes, enumerate(LANGUAGES)):
        yield _telling(scope, names, language, "" if place == 0 else language)


def _telling(scope: BotCommandScope, names: Sequence[str], language: str, code: str) -> Request[bool]:
    commands = [BotCommand(name, say(language, key_of(name))) for name in names]
    return lambda bot: bot.set_my_commands(commands, scope=scope, language_code=code)
