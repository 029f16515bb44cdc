"""Takes what people do on Discord: acknowledges it first, has it answered, shows the answer.

Nothing is looked up before the acknowledgement, whose time is short: three seconds from the press.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, assert_never

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.buttons import (
    EDIT_FIELD,
    EDIT_FORM,
    MOST_OF_FIELD,
    Deed,
    Press,
    edit_form,
    under,
    under_history,
    under_one,
    under_queue,
)
from bot.adapters.discord.core import Core
from bot.adapters.discord.files import thumbnails, uploads_of
from bot.adapters.discord.pages import entries, first_pictures
from bot.adapters.discord.permissions import missing
from bot.adapters.discord.reading import (
    address_of,
    field_of,
    is_moderator,
    is_private,
    person,
    pressed_on,
)
from bot.adapters.discord.replies import (
    acknowledge,
    delete,
    open_form,
    refuse,
    say_at_once,
    show,
    whisper,
)
from bot.adapters.discord.surface import Closed, DiscordSurface
from bot.adapters.discord.wording import (
    help_text,
    history_text,
    info_text,
    queue_text,
    update_text,
    wallet_text,
)
from bot.commands import (
    Cancel,
    Command,
    Delete,
    Imagine,
    MakeKey,
    Person,
    Reroll,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowQueue,
    Vary,
)
from bot.delivery import TryLater
from bot.pages import editable
from bot.refusals import NoSuchJob
from bot.texts import describe, say
from bot.updates import (
    Answer,
    Broken,
    Cancelled,
    Deleted,
    Delivered,
    History,
    Info,
    Progress,
    Queued,
    QueueView,
    Refused,
    Stopping,
    Wallet,
)
from storage.records import NewPost

log = logging.getLogger(__name__)

LOOK_UP_SECONDS = 2.0  # of the three that Discord gives
PAGE = 5  # jobs of history in one message

P = ParamSpec("P")
Order = Callable[[Person, str, NewPost], Command]


def kindly(
    deed: Callable[Concatenate["Desk", Press, P], Awaitable[None]],
) -> Callable[Concatenate["Desk", Press, P], Awaitable[None]]:
    """Let a bug end here: logged once, and the person gets one kind sentence."""

    @functools.wraps(deed)
    async def kind(desk: "Desk", press: Press, /, *args: P.args, **how: P.kwargs) -> None:
        try:
            await deed(desk, press, *args, **how)
        except Exception:
            log.exception("a press failed", extra={"deed": deed.__name__})
            sentence = say(person(press).language, "web_trouble")
            if press.response.is_done():
                await whisper(press, sentence)
            else:
                await say_at_once(press, sentence)

    return kind


class Desk:
    """One method per thing that can be done. None of them raises for what Discord refuses."""

    def __init__(self, core: Core, surface: DiscordSurface) -> None:
        self._core = core
        self._surface = surface

    # ── ordering pictures ─────────────────────────────────────────────────────────────────────────

    @kindly
    async def imagine(self, press: Press, text: str, *, private: bool) -> None:
        """Order what was typed."""
        await self._order(
            press, lambda by, key, post: Imagine(by=by, key=key, text=text, post=post), private=private
        )

    @kindly
    async def submitted(self, press: Press) -> None:
        """Order what a form says, which may have been opened before a restart."""
        if press.data is None or press.data.get("custom_id") != EDIT_FORM:
            return
        text = field_of(press.data, EDIT_FIELD)
        await self.imagine(press, text, private=is_private(press))

    async def _reroll(self, press: Press, job: str, *, private: bool) -> None:
        def order(by: Person, key: str, post: NewPost) -> Command:
            return Reroll(by=by, key=key, job=job, post=post, vouched=True)

        await self._order(press, order, private=private)

    async def _vary(self, press: Press, job: str, index: int, *, strong: bool, private: bool) -> None:
        def order(by: Person, key: str, post: NewPost) -> Command:
            return Vary(by=by, key=key, job=job, index=index, strong=strong, post=post, vouched=True)

        await self._order(press, order, private=private)

    async def _order(self, press: Press, order: Order, *, private: bool) -> None:
        by = person(press)
        if (sentence := missing(press, by.language)) is not None:
            await say_at_once(press, sentence)
            return
        if not await acknowledge(press, private=private):
            return
        address = address_of(press, private=private, now=self._core.now())
        post = NewPost(platform=PLATFORM, address=address.text(), language=by.language)
        answer = await self._core.answer(order(by, f"{PLATFORM}:{press.id}", post))
        match answer:
            case Queued() | Progress():
                await self._begin(address, answer, by.language)
            case Refused():
                await refuse(press, describe(answer, by.language), private=private)
            case Delivered() | Broken() | Cancelled():
                pass  # this very press was answered before: its post shows the end
            case _:
                log.error("an order had another answer", extra={"answer": type(answer).__name__})

    async def _begin(self, address: Address, update: Queued | Progress, language: str) -> None:
        try:
            await self._surface.begin(address, update, language)
        except (Closed, TryLater) as reason:
            log.info("first state not shown", extra={"job": update.job.id, "reason": str(reason)})

    # ── buttons ───────────────────────────────────────────────────────────────────────────────────

    @kindly
    async def pressed(self, press: Press, deed: Deed, job: str, index: int, *, public: bool = False) -> None:
        """Do to a job what its button says; `public` where the answer is for all though the button is not."""
        private = is_private(press) and not public
        match deed:
            case Deed.REROLL:
                await self._reroll(press, job, private=private)
            case Deed.SUBTLE | Deed.STRONG:
                await self._vary(press, job, index, strong=deed is Deed.STRONG, private=private)
            case Deed.EDIT:
                await self._edit(press, job)
            case Deed.INFO:
                await self._info(press, job)
            case Deed.DELETE:
                await self._delete(press, job)
            case Deed.CANCEL:
                await self._cancel(press, job)
            case _:
                assert_never(deed)

    async def _edit(self, press: Press, job: str) -> None:
        """Open the form. It is itself the acknowledgement, so this one look-up comes first."""
        by = person(press)
        async with asyncio.timeout(LOOK_UP_SECONDS):
            answer = await self._core.answer(ShowInfo(by, job, vouched=True))
        if not isinstance(answer, Info):
            await say_at_once(press, describe(answer, by.language))
            return
        await open_form(press, edit_form(editable(answer.job, MOST_OF_FIELD), by.language))

    async def _info(self, press: Press, job: str) -> None:
        by = person(press)
        if await acknowledge(press, private=True):
            answer = await self._core.answer(ShowInfo(by, job, vouched=True))
            if isinstance(answer, Info):
                await show(press, info_text(answer, by.language))
            else:
                await show(press, describe(answer, by.language))

    async def _cancel(self, press: Press, job: str) -> None:
        """Stop it. The job's own message tells the end."""
        by = person(press)
        await acknowledge(press, silently=True)  # even where it failed, the wish is clear
        answer = await self._core.answer(Cancel(by, job, vouched=is_moderator(press)))
        if not isinstance(answer, Stopping | Cancelled):
            await whisper(press, await self._why_not(answer, by, job))

    async def _delete(self, press: Press, job: str) -> None:
        """Remove the pictures, the message that was pressed, and the job's own message."""
        by = person(press)
        await acknowledge(press, silently=True)
        answer = await self._core.answer(Delete(by, job, vouched=is_moderator(press)))
        if isinstance(answer, Deleted):
            await self._remove_messages(press, job)
        else:
            await whisper(press, await self._why_not(answer, by, job))

    async def _why_not(self, answer: Answer, by: Person, job: str) -> str:
        """Return why it was not done; a job that is there, but not for this person, is told as such."""
        unknown = isinstance(answer, Refused) and isinstance(answer.refusal, NoSuchJob)
        if unknown and isinstance(await self._core.answer(ShowInfo(by, job, vouched=True)), Info):
            return say(by.language, "discord_not_yours")
        return describe(answer, by.language)

    async def _remove_messages(self, press: Press, job: str) -> None:
        if press.message is not None:
            await delete(press, press.message)
        post = await self._core.post(job)
        if post is None or post.platform != PLATFORM:
            return
        if Address.read(post.address).message != pressed_on(press):
            await self._surface.remove(post)

    @kindly
    async def picked(self, press: Press, job: str, index: int | None) -> None:
        """Show a job's pictures, or one of them, to the person alone."""
        by = person(press)
        if not await acknowledge(press, private=True):
            return
        answer = await self._core.answer(ShowInfo(by, job, vouched=index is not None))
        if not isinstance(answer, Info):
            await show(press, describe(answer, by.language))
            return
        delivered = Delivered(job=answer.job, pictures=answer.pictures)
        chosen = [picture for picture in answer.pictures if index in (None, picture.index)]
        view = (
            under(delivered, by.language)
            if index is None
            else under_one(job, index, by.language, public=not is_private(press))
        )
        files = await uploads_of(answer.job, chosen, self._core.path, press.filesize_limit)
        await show(press, update_text(delivered, by.language), view, files)

    # ── looking around ────────────────────────────────────────────────────────────────────────────

    @kindly
    async def queue(self, press: Press) -> None:
        """Show what waits."""
        by = person(press)
        if await acknowledge(press, private=True):
            answer = await self._core.answer(ShowQueue(by))
            if isinstance(answer, QueueView):
                await show(press, queue_text(answer, by.language), under_queue(answer, by.language))
            else:
                await show(press, describe(answer, by.language))

    @kindly
    async def credits(self, press: Press) -> None:
        """Show the balance and the latest receipts."""
        by = person(press)
        if await acknowledge(press, private=True):
            answer = await self._core.answer(ShowBalance(by))
            text = (
                wallet_text(answer, by.language)
                if isinstance(answer, Wallet)
                else describe(answer, by.language)
            )
            await show(press, text)

    @kindly
    async def apikey(self, press: Press) -> None:
        """Give the person a key for the HTTP API, unseen by others."""
        by = person(press)
        if await acknowledge(press, private=True):
            await show(press, describe(await self._core.answer(MakeKey(by)), by.language))

    @kindly
    async def history(self, press: Press, before: float | None = None) -> None:
        """Show a page of the person's jobs."""
        by = person(press)
        if not await acknowledge(press, private=True):
            return
        answer = await self._core.answer(ShowHistory(by, before, PAGE))
        if not isinstance(answer, History):
            await show(press, describe(answer, by.language))
            return
        files = await thumbnails(first_pictures(answer), self._core.path)
        view = under_history(answer, by.language)
        await show(press, history_text(answer, by.language), view, files, entries(answer, files, by.language))

    @kindly
    async def help(self, press: Press) -> None:
        """Show what can be typed."""
        await say_at_once(press, help_text(person(press).language))
