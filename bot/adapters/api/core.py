"""What the HTTP API needs of Pinxit. No HTTP."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.clock import Clock
from bot.commands import Command
from bot.outgoing import Outgoing
from bot.rate_limit import Rate, Rates
from bot.tally import Tally
from bot.updates import Answer
from bot.uploads import UploadDesk
from generator.messages import Health
from generator.models import Model
from storage.keys import Keys
from storage.outbox import Outbox
from storage.oversight import Oversight
from storage.pictures import Kept
from storage.records import Picture, Post
from storage.requests import Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the owner has set for the API.

    `public_url` is what links begin with; None takes the request's own Host. `rate` is that of requests
    with one key that has no rate of its own. `gpu_hour_cost` is told among the figures.
    """

    rate: Rate
    public_url: str | None = None
    origins: Collection[str] = ()
    version: str = ""
    gpu_hour_cost: float = 0.0


class WhereKept(Protocol):
    """Where a content is to be had."""

    async def __call__(self, sha256: str, *, link: bool) -> Kept | None:
        """Return where; `link` allows an address elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The service's answers, what storage knows, the painter's health, the model and the time.

    `shown_here` says of a post whether its updates come here, and not to another bot.
    `read` gives a content's bytes, `kept` says where they are to be had; None where they are gone.
    """

    answer: Callable[[Command], Awaitable[Answer]]
    health: Callable[[], Health]
    post: Callable[[str], Awaitable[Post | None]]
    shown_here: Callable[[Post], bool]
    unconfirmed: Callable[[str], Awaitable[Sequence[Post]]]
    picture: Callable[[str], Awaitable[Picture | None]]
    read: Callable[[str], Awaitable[bytes | None]]
    kept: WhereKept
    queue_length: Callable[[], Awaitable[int]]
    keys: Keys
    requests: Requests
    files: UploadDesk
    outbox: Outbox
    outgoing: Outgoing
    oversight: Oversight
    tally: Tally
    rates: Rates
    clock: Clock
    model: Model
    rules: Rules
