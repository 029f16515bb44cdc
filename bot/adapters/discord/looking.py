"""Shows a person what is theirs: the queue, past pictures, credits; and what can be typed."""

from bot.adapters.discord.buttons import Press, under_history, under_queue
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.files import thumbnails
from bot.adapters.discord.pages import entries, first_pictures
from bot.adapters.discord.replies import say_at_once, show
from bot.adapters.discord.wording import (
    copyable,
    help_text,
    history_text,
    loras_text,
    queue_text,
    styles_text,
    told,
    wallet_text,
)
from bot.commands import MakeKey, ShowBalance, ShowHistory, ShowLoras, ShowQueue, ShowStyles
from bot.options import heeded
from bot.texts import describe
from bot.updates import History, KeyMade, LoraList, QueueView, StyleList, Wallet

PAGE = 5  # jobs of history in one message


class Looking:
    """One method per command that changes nothing. Only the person sees the answers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @kindly
    async def queue(self, press: Press) -> None:
        """Show what waits."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowQueue(by))
        if isinstance(answer, QueueView):
            await show(press, queue_text(answer, by.language), under_queue(answer, by.language))
        else:
            await show(press, told(answer, by.language))

    @kindly
    async def credits(self, press: Press) -> None:
        """Show the balance and the latest receipts."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowBalance(by))
        if isinstance(answer, Wallet):
            await show(press, wallet_text(answer, by.language))
        else:
            await show(press, told(answer, by.language))

    @kindly
    async def loras(self, press: Press) -> None:
        """Show the LoRAs there are."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowLoras(by))
        if isinstance(answer, LoraList):
            await show(press, loras_text(answer, by.language))
        else:
            await show(press, told(answer, by.language))

    @kindly
    async def styles(self, press: Press) -> None:
        """Show the styles there are."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowStyles(by))
        if isinstance(answer, StyleList):
            await show(press, styles_text(answer, by.language))
        else:
            await show(press, told(answer, by.language))

    @kindly
    async def apikey(self, press: Press) -> None:
        """Give the person a key for the HTTP API, unseen by others and safe to copy."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, MakeKey(by))
        if isinstance(answer, KeyMade):  # our own words and letters: nothing to escape
            text = copyable(describe(answer, by.language), answer.text)
        else:
            text = told(answer, by.language)
        await show(press, text)

    @kindly
    async def history(self, press: Press, before: float | None = None) -> None:
        """Show a page of the person's jobs."""
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowHistory(by, before, PAGE))
        if not isinstance(answer, History):
            await show(press, told(answer, by.language))
            return
        files = await thumbnails(first_pictures(answer), self.desk.core.read)
        view = under_history(answer, by.language)
        await show(press, history_text(answer, by.language), view, files, entries(answer, files, by.language))

    @kindly
    async def help(self, press: Press) -> None:
        """Show what can be typed."""
        core = self.desk.core
        await say_at_once(press, help_text(self.desk.person(press).language, heeded(core.model)))
