"""Orders pictures: what was typed, what a form says, what a button means, what an earlier run left."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import discord

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.asked_back import ask_back
from bot.adapters.discord.attached import LARGEST, fetched
from bot.adapters.discord.buttons import EDIT_FIELD, Begun, Press
from bot.adapters.discord.desk import Desk, kindly
from bot.adapters.discord.journal import Journal, Order, Unanswered
from bot.adapters.discord.permissions import missing
from bot.adapters.discord.reading import (
    address_of,
    field_of,
    here,
    identity,
    is_age_restricted,
    is_private,
)
from bot.adapters.discord.replies import refuse, say_at_once
from bot.adapters.discord.surface import Closed
from bot.adapters.discord.wording import refused_text
from bot.commands import From, Imagine, KeepPicture, Person, PictureOf, Reroll, ShowInfo, Vary
from bot.deeds import Deed, onward
from bot.delivery import TryLater
from bot.refusals import PictureDamaged, PictureTooHeavy
from bot.texts import say
from bot.updates import (
    Answer,
    Broken,
    Cancelled,
    Delivered,
    Info,
    PictureKept,
    Progress,
    Queued,
    Refused,
    SeveralAsked,
)
from storage.records import NewPost

log = logging.getLogger(__name__)

Found = Callable[[Person], Awaitable[From | Refused | None]]
NOTHING = Begun()
Make = Callable[[Person, str, NewPost], Order]


class Orders:
    """One method per way to order."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @kindly
    async def imagine(
        self,
        press: Press,
        text: str,
        *,
        private: bool,
        start: Found | None = None,
        begun: Begun = NOTHING,
    ) -> None:
        """Order what was typed, from a picture found when it is needed, or from what it has `begun` with."""

        def order(by: Person, key: str, post: NewPost) -> Order:
            return Imagine(by=by, key=key, text=text, post=post, here=here(press))

        found = partial(self.beginning, begun) if begun.picture else start
        await self._order(press, order, private=private, start=found, begun=begun)

    async def from_attached(
        self, press: Press, text: str, image: discord.Attachment | None, *, private: bool
    ) -> None:
        """Order what was typed, from an attached picture if there is one."""
        start = partial(self._attached, image) if image is not None else None
        await self.imagine(press, text, private=private, start=start)

    @kindly
    async def blend(
        self,
        press: Press,
        text: str,
        images: tuple[discord.Attachment, discord.Attachment],
        *,
        private: bool,
    ) -> None:
        """Order what was typed, from between two attached pictures."""
        await self.imagine(press, text, private=private, start=partial(self._between, images))

    async def _between(
        self, images: tuple[discord.Attachment, discord.Attachment], by: Person
    ) -> From | Refused:
        """Keep two attached pictures; the first one gives the ratio."""
        first, second = images
        start = await self._attached(first, by)
        if isinstance(start, Refused):
            return start
        other = await self._attached(second, by)
        if isinstance(other, Refused):
            return other
        return replace(start, other=other.picture)

    async def _attached(self, image: discord.Attachment, by: Person) -> From | Refused:
        """Keep an attached picture, so that its order needs no file when the bot is killed."""
        if image.size > LARGEST:
            return Refused(PictureTooHeavy(limit=LARGEST >> 20))
        if (content := await fetched(image)) is None:
            return Refused(PictureDamaged())
        kept = await self.desk.core.answer(KeepPicture(by=by, file=content))
        if isinstance(kept, PictureKept):
            return From(picture=kept.sha256)
        return kept if isinstance(kept, Refused) else Refused(PictureDamaged())

    @kindly
    async def submitted(self, press: Press) -> None:
        """Order what a form says, which may have been opened before a restart."""
        form = str(press.data.get("custom_id", "")) if press.data is not None else ""
        if (begun := Begun.read(form)) is None:
            return
        text = field_of(press.data, EDIT_FIELD)
        await self.imagine(press, text, private=is_private(press), begun=begun)

    async def beginning(self, begun: Begun, by: Person) -> From | Refused | None:
        """Return what an order paints from: a job's picture, what that job began with, or kept ones."""
        if not begun.picture:
            return None
        if begun.sha256 is not None:
            return From(picture=begun.sha256, other=begun.other)
        if begun.index is not None:
            return From(picture=PictureOf(begun.job, begun.index, vouched=True))
        answer = await self.desk.core.answer(ShowInfo(by, begun.job, vouched=True))
        if isinstance(answer, Info):
            return From.of(answer.job.recipe)
        return answer if isinstance(answer, Refused) else None

    async def reroll(self, press: Press, job: str, *, private: bool) -> None:
        """Order the same with fresh seeds."""

        def order(by: Person, key: str, post: NewPost) -> Order:
            return Reroll(by=by, key=key, job=job, post=post, vouched=True, here=here(press))

        await self._order(press, order, private=private)

    async def vary(self, press: Press, job: str, index: int, *, strong: bool, private: bool) -> None:
        """Order a sibling of one picture."""

        def order(by: Person, key: str, post: NewPost) -> Order:
            return Vary(
                by=by, key=key, job=job, index=index, strong=strong, post=post, vouched=True, here=here(press)
            )

        await self._order(press, order, private=private)

    async def onward(self, press: Press, deed: Deed, job: str, index: int, *, private: bool) -> None:
        """Order more of one picture: what is around it, or the same larger."""

        def order(by: Person, key: str, post: NewPost) -> Order:
            make = onward(deed)
            return make(by=by, key=key, job=job, index=index, post=post, vouched=True, here=here(press))

        await self._order(press, order, private=private)

    async def _order(
        self, press: Press, make: Make, *, private: bool, start: Found | None = None, begun: Begun = NOTHING
    ) -> None:
        by = self.desk.person(press)
        if (sentence := missing(press, by.language)) is not None:
            await say_at_once(press, sentence)
            return
        address = self.address(press, private=private)
        order = make(by, f"{PLATFORM}:{press.id}", post_at(address, by.language))
        order = replace(order, private=address.private)
        noted = order if start is None else None  # without its picture it would be another order
        message = await self.desk.reception.acknowledge(press, address, by.language, noted)
        found = await start(by) if start is not None else None
        if isinstance(found, Refused):
            await refuse(press, refused_text(found, by.language), private=address.private)
            return
        if found is not None and isinstance(order, Imagine):
            order = replace(order, start=found)
        answer = await self._placed(order, replace(address, message=message), by.language)
        if isinstance(answer, Refused):
            await refuse(press, refused_text(answer, by.language), private=address.private)
        elif isinstance(answer, SeveralAsked) and isinstance(order, Imagine):
            await ask_back(press, answer, order, begun, private=address.private)

    def address(self, press: Press, *, private: bool) -> Address:
        """Return where it is shown: as wished, as the person usually wishes, as the server rules."""
        rules, preferences = self.desk.rules(press), self.desk.core.preferences(identity(press))
        return address_of(
            press,
            private=private or rules.private or preferences.private,
            now=self.desk.core.now(),
            spoiler=press.guild_id is not None and rules.covers(age_restricted=is_age_restricted(press)),
        )

    async def _placed(self, order: Order, address: Address, language: str) -> Answer:
        """Have it accepted, and show its first state unless it was refused."""
        answer = await self.desk.core.answer(replace(order, post=post_at(address, language)))
        match answer:
            case Queued() | Progress():
                await self.begin(address, answer, language)
            case Delivered() | Broken() | Cancelled():
                pass  # this very press was answered before: its post shows the end
            case Refused() | SeveralAsked():
                pass
            case _:
                log.error("an order had another answer", extra={"answer": type(answer).__name__})
        return answer

    async def begin(self, address: Address, update: Queued | Progress, language: str) -> None:
        """Show the first state, as far as Discord lets it."""
        try:
            await self.desk.surface.begin(address, update, language)
        except (Closed, TryLater) as reason:
            log.info("first state not shown", extra={"job": update.job.id, "reason": str(reason)})

    # ── what an earlier run left ──────────────────────────────────────────────────────────────────

    async def resume(self, journal: Journal) -> None:
        """Answer every press that an earlier run acknowledged and did not answer."""
        for left in journal.left():
            try:
                await self._resume(left)
            except Exception:
                log.exception("a press of an earlier run failed")
            journal.end(left.press)

    async def _resume(self, left: Unanswered) -> None:
        """Try for as long as Discord would show an answer."""
        while left.address.token_lives(self.desk.core.now()):
            try:
                return await self._resumed(left)
            except TryLater as wish:
                await asyncio.sleep(wish.seconds)
            except Closed as reason:
                log.info("a press of an earlier run has no answer any more", extra={"reason": str(reason)})
                return None
        return None

    async def _resumed(self, left: Unanswered) -> None:
        """Do it now. Where Discord knows no answer, the acknowledgement never came: it is forgotten."""
        message = await self.desk.surface.waiting(left.address)
        address, language = replace(left.address, message=message), left.language
        if left.order is None:
            await self.desk.surface.say(address, say(language, "discord_restarted"))
            return
        answer = await self._placed(left.order, address, language)
        if isinstance(answer, Refused):
            await self.desk.surface.say(address, refused_text(answer, language))
        elif isinstance(answer, SeveralAsked):  # what is asked back needs a fresh press
            await self.desk.surface.say(address, say(language, "discord_restarted"))


def post_at(address: Address, language: str) -> NewPost:
    """Return the post that an answer at this address is."""
    return NewPost(platform=PLATFORM, address=address.text(), language=language)
