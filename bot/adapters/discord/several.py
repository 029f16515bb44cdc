"""The answers to the question about wildcards: yes, each text in a message of its own, or no."""

from collections.abc import Sequence
from dataclasses import replace

from discord import ui

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.buttons import Begun, Press, under_several
from bot.adapters.discord.desk import Desk, apologise, kindly
from bot.adapters.discord.orders import Orders, post_at
from bot.adapters.discord.reading import asked_for, here, is_moderator, is_private
from bot.adapters.discord.replies import announce, delete, say_at_once, show, whisper
from bot.adapters.discord.wording import CODE, refused_text, told
from bot.commands import DrawAll, Imagine
from bot.several import each
from bot.texts import say
from bot.updates import AllAccepted, Progress, Queued, Refused, Update


class Several:
    """One method per button."""

    def __init__(self, desk: Desk, orders: Orders) -> None:
        self.desk = desk
        self._orders = orders

    @kindly
    async def agreed(self, press: Press, begun: Begun) -> None:
        """Order everything, and take the yes away for as long as that is not refused."""
        by, message = self.desk.person(press), press.message
        found = CODE.search(message.content) if message is not None else None
        if message is None or found is None or not asked_for(press):
            await say_at_once(press, say(by.language, "discord_not_yours"))
            return
        await self.desk.reception.nod(press)
        start = await self._orders.beginning(begun, by)
        if isinstance(start, Refused):
            await whisper(press, refused_text(start, by.language))
            return
        address = replace(self._orders.address(press, private=is_private(press)), further=True)
        whole = Imagine(
            by=by,
            key=f"{PLATFORM}:{message.id}",
            text=found[1],
            post=post_at(address, by.language),
            here=here(press),
            private=address.private,
            start=start,
        )
        await show(press, message.content, ui.View(timeout=None))
        if not await self._placed(press, each(whole), address):
            await show(press, message.content, under_several(begun, by.language))

    @kindly
    async def declined(self, press: Press) -> None:
        """Take the question back."""
        if press.message is None or not (asked_for(press) or is_moderator(press)):
            await say_at_once(press, say(self.desk.person(press).language, "discord_not_yours"))
            return
        await self.desk.reception.nod(press)
        await delete(press, press.message)

    async def _placed(self, press: Press, orders: Sequence[Imagine], address: Address) -> bool:
        """Announce a message for each order, and have all of them accepted or none; say whether they were."""
        by, places = orders[0].by, await _announced(press, address, len(orders))
        if len(places) < len(orders):
            await self._take_back(places)
            await apologise(press, by.language)
            return False
        both = zip(orders, places, strict=True)
        draws = tuple(replace(order, post=post_at(place, by.language)) for order, place in both)
        answer = await self.desk.core.answer(DrawAll(by=by, draws=draws))
        if not isinstance(answer, AllAccepted):
            await self._take_back(places)
            await whisper(press, told(answer, by.language))
            return False
        for update, place in zip(answer.updates, places, strict=True):
            await self._begun(update, place, by.language)
        return True

    async def _begun(self, update: Update, place: Address, language: str) -> None:
        """Show the first state, unless this yes was said before: then the job is shown elsewhere."""
        post = await self.desk.core.post(update.job.id)
        if post is None or Address.read(post.address).message != place.message:
            await self._take_back([place])
        elif isinstance(update, Queued | Progress):
            await self._orders.begin(place, update, language)

    async def _take_back(self, places: Sequence[Address]) -> None:
        for place in places:
            await self.desk.surface.remove(place)


async def _announced(press: Press, address: Address, count: int) -> list[Address]:
    """Announce so many messages, as far as Discord takes them."""
    places: list[Address] = []
    while len(places) < count and (sent := await announce(press, private=address.private)) is not None:
        places.append(replace(address, message=sent))
    return places
