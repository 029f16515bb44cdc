"""A page that shows all of a person's jobs sees those of other chats and other bots move, too.

What delivery shows on the page is not told twice. Best effort, as places and steps are: a page reads storage
when it opens.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.clock import Clock
from bot.commands import Cancel, Command, Delete, Person, ShowJob
from bot.delivery import Delivery
from bot.errands import Errands
from bot.people import People
from bot.recent import Recent
from bot.relay import Relay
from bot.updates import (
    AllAccepted,
    Answer,
    Broken,
    Cancelled,
    Deleted,
    Delivered,
    Erased,
    Final,
    Linked,
    Progress,
    Queued,
    Update,
)
from storage.company import Message
from storage.records import Post
from storage.store import Store

LOOK_SECONDS = 5.0  # between two notices that somebody looks
LOOKED_SECONDS = 15.0  # after which they are taken to have gone
REMEMBERED = 1000

log = logging.getLogger(__name__)


class Onlooker(Protocol):
    """A front that shows all jobs of one person. `came` is set when somebody begins to look."""

    platform: str
    person: Person
    came: asyncio.Event

    @property
    def looking(self) -> bool:
        """Whether anybody looks."""

    async def overhear(self, news: Update | Deleted | None) -> None:
        """Show how a job stands, that one is gone, or for None that anything may be different."""


class Onlooking:
    """Hears what happens here and at other bots. Does nothing before `run`."""

    def __init__(  # noqa: PLR0913 - the parts it speaks to
        self,
        *,
        store: Store,
        people: People,
        delivery: Delivery,
        relay: Relay,
        onlooker: Onlooker,
        clock: Clock,
        answer: Callable[[Command], Awaitable[Answer]],
    ) -> None:
        self._store = store
        self._people = people
        self._delivery = delivery
        self._relay = relay
        self._onlooker = onlooker
        self._clock = clock
        self._ask = answer
        self._account: int | None = None  # of the person whose jobs are looked at here
        self._looked_at: Recent[int, float] = Recent(REMEMBERED)  # elsewhere, by account
        self._errands = Errands("a page was not told of a job elsewhere")
        delivery.onlook = self._pushed
        store.company.listen(self._hear)

    async def run(self) -> None:
        """Say again and again that somebody looks, while somebody does."""
        async with self._errands.open():
            while True:
                if self._onlooker.looking:
                    await self._errands.safely(self._say_so())
                await self._clock.wait(self._onlooker.came, LOOK_SECONDS)
                self._onlooker.came.clear()

    async def _say_so(self) -> None:
        self._account = await self._people.account(self._onlooker.person)
        self._store.company.tell("looking", account=self._account)

    # ── what happens here ─────────────────────────────────────────────────────────────────────────

    def answered(self, command: Command, answer: Answer) -> None:
        """Take in what somebody was answered here."""
        match answer:
            case AllAccepted(updates):
                for update in updates:
                    self._ordered(command, update)
            case Queued() | Progress() | Delivered() | Broken() | Cancelled() if not isinstance(
                command, ShowJob | Cancel
            ):
                self._ordered(command, answer)
            case Deleted(job) if isinstance(command, Delete):
                self._tell("gone", None, job=job)
                self._show_unless_own(command, answer)
            case Linked() | Erased():
                self._tell("changed", None)
                self._show_unless_own(command, None)
            case _:
                pass

    def _ordered(self, command: Command, update: Update) -> None:
        self._tell("ordered", update.job.account, job=update.job.id)
        if update.job.account == self._account:
            self._show_unless_own(command, update)

    def _show_unless_own(self, command: Command, news: Update | Deleted | None) -> None:
        """Show it, but for what was said on the page itself, which tells its other windows."""
        if command.by.identity.platform != self._onlooker.platform:
            self._show(news)

    def _pushed(self, post: Post, update: Update) -> None:
        """Take in an update that goes to its post."""
        here, account = self._delivery.shows(post), update.job.account
        if account == self._account and not (here and post.platform == self._onlooker.platform):
            self._show(update)
        if here and (isinstance(update, Final) or self._is_looked_at(account)):
            self._relay.tell(post, update)

    def _show(self, news: Update | Deleted | None) -> None:
        if self._onlooker.looking:
            self._errands.begin(lambda: self._onlooker.overhear(news))

    # ── what happens at other bots ────────────────────────────────────────────────────────────────

    def _tell(self, kind: str, account: int | None, **values: object) -> None:
        """Tell the other bots, where anybody looks there."""
        if any(map(self._is_looked_at, list(self._looked_at) if account is None else [account])):
            self._store.company.tell(kind, account=account, **values)

    def _is_looked_at(self, account: int) -> bool:
        return self._clock.now() - self._looked_at.get(account, float("-inf")) < LOOKED_SECONDS

    def _hear(self, message: Message) -> None:
        match message["kind"]:
            case "looking":
                self._looked_at[message["account"]] = self._clock.now()
            case "gone":
                self._show(Deleted(message["job"]))
            case "changed":
                self._show(None)
            case "ordered" if message["account"] == self._account and self._onlooker.looking:
                self._errands.begin(lambda: self._look(message["job"]))
            case "step" | "place" | "ended" if self._onlooker.looking:
                self._errands.begin(lambda: self._follow(message))

    async def _look(self, job: str) -> None:
        answer = await self._ask(ShowJob(self._onlooker.person, job))
        if isinstance(answer, Update):
            await self._onlooker.overhear(answer)

    async def _follow(self, message: Message) -> None:
        """Show what a notice tells of a job of the person's, unless it is shown here anyway."""
        if message.get("account", self._account) != self._account:
            return
        post = await self._store.post(message["job"])
        if post is None or self._delivery.shows(post):
            return
        update = await self._relay.update_of(message)
        if update is not None and update.job.account == self._account:
            await self._onlooker.overhear(update)
