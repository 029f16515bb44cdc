"""What the Discord adapter needs of Pinxit. No discord.py: it can be made before that is loaded."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from bot.commands import Command
from bot.styles import Styles
from bot.updates import Answer
from generator.models import Model
from storage.records import Identity, PlaceId, PlaceRules, Post, Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The service's answers, the bytes of files by their SHA-256, where a job is shown, and the time.

    `preferences` and `rules` never wait: they decide who sees the first word. `public_url` is what
    links to pictures begin with, None where nobody outside could follow them. `now` counts from 1970.
    """

    answer: Callable[[Command], Awaitable[Answer]]
    read: Callable[[str], Awaitable[bytes | None]]
    post: Callable[[str], Awaitable[Post | None]]
    preferences: Callable[[Identity], Preferences]
    rules: Callable[[PlaceId], PlaceRules]
    now: Callable[[], float]
    model: Model
    styles: Styles
    loras: Collection[str] = ()
    most_pictures: int
    public_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How to log in: the token, another address than Discord's, servers to offer the commands in at once.

    `synced` is the file that remembers which commands Discord has been told, `journal` the one that
    remembers which presses are not answered yet. `trusted` are the servers whose managers may do what
    reaches beyond them: grant credits, block people, see all jobs. `shards` are those of this bot, and how
    many there are altogether; None takes what Discord proposes.
    """

    token: str
    api_url: str | None
    guilds: tuple[int, ...]
    synced: Path
    journal: Path
    trusted: tuple[int, ...] = ()
    shards: tuple[tuple[int, ...], int] | None = None
