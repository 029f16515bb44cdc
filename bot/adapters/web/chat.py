"""The web chat between the service and the open pages: commands in, updates out to every page.

No HTTP: `app` carries the messages. The database is the page's memory, so an update that nobody sees
is seen at the next visit.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from bot.adapters.web.messages import PLATFORM, Ask, BadMessage, Hello, owner, read
from bot.adapters.web.options import Option
from bot.adapters.web.tabs import Tab, View
from bot.adapters.web.views import answer_view, balance_view, health_view, item
from bot.commands import Command, ShowBalance, ShowHistory, ShowStyles
from bot.delivery import Surface
from bot.styles import Style
from bot.texts import say
from bot.updates import (
    AllAccepted,
    Answer,
    Aside,
    Broken,
    Cancelled,
    Deleted,
    Delivered,
    Erased,
    History,
    Info,
    Linked,
    Progress,
    Queued,
    QueueView,
    Refused,
    Stopping,
    StyleGone,
    StyleKept,
    StyleList,
    Update,
    Wallet,
)
from generator.messages import Health
from storage.records import Post, Rung

MOST_TABS = 32
SAMPLER_PATH = "/examples.webp"
HEALTH_SECONDS = 0.5
FIRST_PAGE = 30

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What the web chat needs of Pinxit: the service's answers, the painter's health, and what to suggest."""

    answer: Callable[[Command], Awaitable[Answer]]
    health: Callable[[], Health]
    options: Callable[[Sequence[Style], str], Sequence[Option]]  # of the styles there are, in a language
    examples: Callable[[str], Sequence[str]]  # prompts to click on an empty page, by language
    sampler: Path | None = None  # what was drawn of them, one square tile each


class WebChat(Surface):
    """A Surface: shows updates on every open page of the one person."""

    platform = PLATFORM
    person = owner("en")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sampler_address = _address(core.sampler)
        self._tabs: set[Tab] = set()
        self.came = asyncio.Event()

    @property
    def sampler(self) -> Path | None:
        """The picture of the examples, where there is one."""
        return self._core.sampler

    async def show(self, post: Post, update: Update) -> Rung:  # noqa: ARG002 - all pages are one person's
        """Push an update to the open pages. Always shown: a page reads the database when it opens."""
        self._show(update)
        if isinstance(update, Delivered | Broken | Cancelled):
            await self._show_balance()
        return Rung.EDITED

    @property
    def looking(self) -> bool:
        """Whether a page is open."""
        return bool(self._tabs)

    async def overhear(self, news: Update | Deleted | None) -> None:
        """Show on every page what happens to a job of the person's that was ordered elsewhere."""
        match news:
            case None:
                self._tell_all({"type": "changed"})
            case Deleted(job):
                self._tell_all({"type": "deleted", "job": job, "sentence": ""})
            case _:
                self._show(news)
        if not isinstance(news, Progress):
            await self._show_balance()

    async def watch(self) -> None:
        """Tell the pages when what they show of the painter changes, for ever."""
        shown = health_view(self._core.health())
        while True:
            await asyncio.sleep(HEALTH_SECONDS)
            if (health := health_view(self._core.health())) != shown:
                shown = health
                self._tell_all(health, "health")

    def enter(self) -> Tab | None:
        """Return a new page to serve, or None when there are too many."""
        if len(self._tabs) >= MOST_TABS:
            return None
        tab = Tab("en")
        self._tabs.add(tab)
        self.came.set()
        return tab

    def leave(self, tab: Tab) -> None:
        """Forget a page that was closed."""
        self._tabs.discard(tab)

    async def hear(self, tab: Tab, text: str) -> None:
        """Answer one message of a page. Whatever it holds, the page gets an answer."""
        try:
            ask = read(text, tab.language)
        except BadMessage as bad:
            self._complain(tab, bad.reply, "web_bad_message")
            return
        try:
            await self._answer(tab, ask)
        except Exception:
            log.exception("web command failed", extra={"wish": type(ask.wish).__name__})
            self._complain(tab, ask.reply, "web_trouble")

    async def ask(self, command: Command, language: str) -> View:
        """Answer a command that did not come over a socket. Whatever happens, there is an answer."""
        try:
            return self.told(await self._core.answer(command), language)
        except Exception:
            log.exception("web command failed", extra={"wish": type(command).__name__})
            return {"type": "error", "sentence": say(language, "web_trouble")}

    def told(self, answer: Answer, language: str) -> View:
        """Return an answer as the page is told it."""
        return answer_view(answer, language)

    async def _answer(self, tab: Tab, ask: Ask) -> None:
        if isinstance(ask.wish, Hello):
            tab.language = ask.wish.language
            tab.tell(await self._welcome(tab.language) | {"reply": ask.reply})
            return
        answer = await self._core.answer(ask.wish)
        if isinstance(answer, AllAccepted):  # the page asked with the last one, and is told of the others
            *others, answer = answer.updates
            for update in others:
                self._show(update)
        tab.tell(answer_view(answer, tab.language) | {"reply": ask.reply})
        await self._spread(tab, answer)

    async def _welcome(self, language: str) -> View:
        """Return everything a page needs when it opens or comes back."""
        person = owner(language)
        history = await self._core.answer(ShowHistory(person, None, FIRST_PAGE))
        wallet = await self._core.answer(ShowBalance(person))
        return {
            "type": "welcome",
            "history": answer_view(history, language),
            "wallet": answer_view(wallet, language),
            "health": health_view(self._core.health()),
            **await self._options(language),
            "examples": list(self._core.examples(language)),
            "sampler": self._sampler_address,
        }

    async def _options(self, language: str) -> View:
        """Return what can be suggested now: the person's own styles first."""
        answer = await self._core.answer(ShowStyles(owner(language)))
        told = answer if isinstance(answer, StyleList) else StyleList(())
        own = {style.name for style in told.own}
        styles = (*told.own, *(style for style in told.styles if style.name not in own))
        return {"options": [option.as_dict() for option in self._core.options(styles, language)]}

    async def _spread(self, asker: Tab, answer: Answer) -> None:
        """Let the other pages see what one page did."""
        match answer:
            case Queued() | Progress() | Delivered() | Broken() | Cancelled():
                self._show(answer, but=asker)
                await self._show_balance()
            case Deleted(job):
                self._tell_all({"type": "deleted", "job": job, "sentence": ""}, but=asker)
            case Linked() | Erased():
                self._tell_all({"type": "changed"}, but=asker)
                await self._show_balance()
            case StyleKept() | StyleGone():
                for tab in tuple(self._tabs):
                    tab.tell({"type": "options"} | await self._options(tab.language), "options")
            case Refused() | Stopping() | Info() | Wallet() | QueueView() | History() | Aside():
                pass
            case _:
                assert_never(answer)

    def _show(self, update: Update, but: Tab | None = None) -> None:
        for tab in self._tabs - {but}:
            tab.tell_item(item(update, tab.language))

    async def _show_balance(self) -> None:
        if not self._tabs:
            return
        answer = await self._core.answer(ShowBalance(owner("en")))
        if isinstance(answer, Wallet):
            self._tell_all(balance_view(answer.balance), "balance")

    def _tell_all(self, message: View, about: str | None = None, but: Tab | None = None) -> None:
        for tab in self._tabs - {but}:
            tab.tell(message, about)

    def _complain(self, tab: Tab, reply: int | None, key: str) -> None:
        tab.tell({"type": "error", "reply": reply, "sentence": say(tab.language, key)})


def _address(sampler: Path | None) -> str | None:
    """Return where the picture of the examples is; another picture has another address."""
    if sampler is None:
        return None
    return f"{SAMPLER_PATH}?{hashlib.sha256(sampler.read_bytes()).hexdigest()[:16]}"
