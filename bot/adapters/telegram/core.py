"""What the Telegram adapter needs of Pinxit. No python-telegram-bot: it can be made before that is loaded."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.commands import Command
from bot.options import EXAMPLES
from bot.updates import Answer, Update
from storage.records import Identity, PlaceId, PlaceRules, Post, Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The service's answers, and the bytes of files by their SHA-256.

    `post` says where a job is shown, `move_post` stores that it is shown elsewhere now, `push` hands an
    update to the delivery, `now` is the time (seconds since 1970). `preferences` and `rules` never wait.
    `options` are those that the model heeds.
    """

    answer: Callable[[Command], Awaitable[Answer]]
    read: Callable[[str], Awaitable[bytes | None]]
    post: Callable[[str], Awaitable[Post | None]]
    move_post: Callable[[int, str], Awaitable[None]]
    push: Callable[[Post, Update], None]
    now: Callable[[], float]
    preferences: Callable[[Identity], Preferences]
    rules: Callable[[PlaceId], PlaceRules]
    options: tuple[str, ...] = tuple(EXAMPLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How to be on Telegram: the token, and another address than Telegram's own, if any.

    `ratios` and `most_pictures` are what can be chosen, `admins` are the people who manage the whole bot.
    `plain` says that in a private chat plain words are a prompt too. `packs` are (credits, Stars) that
    can be bought. `stage` is a chat where files are sent
    for inline messages, which take no other. With a `webhook` (public address, and
    host and port to listen on) Telegram brings its updates, otherwise they are fetched.
    """

    token: str
    api_url: str | None = None
    ratios: tuple[str, ...] = ()
    most_pictures: int = 4
    admins: frozenset[int] = frozenset()
    plain: bool = True
    stage: int | None = None
    packs: tuple[tuple[int, int], ...] = ()
    webhook: tuple[str, str, int] | None = None
