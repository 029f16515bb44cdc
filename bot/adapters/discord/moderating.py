"""Credits, blocks and the list of all jobs: for those whom the owner trusts."""

from functools import partial

import discord

from bot.adapters.discord.address import PLATFORM
from bot.adapters.discord.buttons import Press
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.replies import say_at_once, show
from bot.adapters.discord.servers import Servers
from bot.adapters.discord.trust import Trust
from bot.adapters.discord.wording import MARKDOWN, jobs_text, told
from bot.commands import Block, Examine, Grant, ShowJobs, Unblock
from bot.shown_names import shown_name
from bot.texts import say
from bot.updates import Granted, JobsView, NowBlocked, NowUnblocked
from storage.records import Identity

MOST_JOBS = 12  # what one message holds


class Moderating:
    """One method per command; what was done is told in the server's log channel."""

    def __init__(self, desk: Desk, servers: Servers, trust: Trust) -> None:
        self.desk = desk
        self._servers = servers
        self._trust = trust

    @kindly
    async def grant(self, press: Press, to: discord.abc.User, credits: int, note: str) -> None:
        """Give credits, or take them."""
        if await self._may(press):
            by = self.desk.person(press)
            key = f"{PLATFORM}:{press.id}"
            await self._do(
                press,
                Grant(
                    by=by,
                    key=key,
                    to=_identity(to),
                    name=shown_name(to.display_name),
                    credits=credits,
                    note=note,
                    vouched=True,
                ),
            )

    @kindly
    async def block(self, press: Press, to: discord.abc.User) -> None:
        """Accept nothing more from somebody."""
        if await self._may(press):
            by = self.desk.person(press)
            await self._do(
                press, Block(by=by, to=_identity(to), name=shown_name(to.display_name), vouched=True)
            )

    @kindly
    async def unblock(self, press: Press, to: discord.abc.User) -> None:
        """Accept orders again."""
        if await self._may(press):
            by = self.desk.person(press)
            await self._do(
                press, Unblock(by=by, to=_identity(to), name=shown_name(to.display_name), vouched=True)
            )

    @kindly
    async def jobs(self, press: Press) -> None:
        """Show everybody's jobs."""
        if not await self._may(press):
            return
        by = self.desk.person(press)
        answer = await self.desk.ask(press, ShowJobs(by=by, limit=MOST_JOBS, vouched=True))
        if isinstance(answer, JobsView):
            await show(press, jobs_text(answer, by.language))
            await self._servers.tell(press, partial(_looked, by.name))
        else:
            await show(press, told(answer, by.language))

    @kindly
    async def doctor(self, press: Press) -> None:
        """Say how Pinxit itself is."""
        if await self._may(press):
            by = self.desk.person(press)
            await show(press, told(await self.desk.ask(press, Examine(by=by, vouched=True)), by.language))

    async def _do(self, press: Press, command: Grant | Block | Unblock) -> None:
        answer = await self.desk.ask(press, command)
        await show(press, told(answer, command.by.language))
        if isinstance(answer, Granted | NowBlocked | NowUnblocked):
            await self._servers.tell(press, partial(told, answer))

    async def _may(self, press: Press) -> bool:
        """Say whether this person is trusted here, and if not, say so."""
        if self._trust.holds(press):
            return True
        await say_at_once(press, MARKDOWN.own(say(self.desk.person(press).language, "discord_not_trusted")))
        return False


def _identity(user: discord.abc.User) -> Identity:
    return Identity(PLATFORM, str(user.id))


def _looked(name: str, language: str) -> str:
    return MARKDOWN.own(say(language, "discord_looked", name=name))
