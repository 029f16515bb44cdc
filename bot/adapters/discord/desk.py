"""Takes what people do on Discord: acknowledges it first, has it answered, shows the answer.

Nothing is looked up before the acknowledgement, whose time is short: three seconds from the press.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, ParamSpec, assert_never

import aiohttp
import discord
from discord import ui

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.buttons import (
    EDIT_FIELD,
    EDIT_FORM,
    Deed,
    Press,
    edit_form,
    under,
    under_history,
    under_one,
    under_queue,
)
from bot.adapters.discord.core import Core
from bot.adapters.discord.files import Upload, file_name, thumbnails, uploads_of
from bot.adapters.discord.permissions import missing
from bot.adapters.discord.surface import Closed, DiscordSurface
from bot.adapters.discord.wording import (
    help_text,
    history_text,
    info_text,
    list_line,
    queue_text,
    update_text,
    wallet_text,
)
from bot.commands import (
    Cancel,
    Command,
    Delete,
    Imagine,
    Person,
    Reroll,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowQueue,
    Vary,
)
from bot.delivery import TryLater
from bot.options import render
from bot.refusals import NoSuchJob
from bot.texts import describe, language_for, say
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
from storage.records import Identity, NewPost, Picture

log = logging.getLogger(__name__)

LOOK_UP_SECONDS = 2.0  # of the three that Discord gives
PAGE = 5  # jobs of history in one message
LOST = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)

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
            await (_whisper if press.response.is_done() else _say)(press, sentence)

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
        text = _field(press.data, EDIT_FIELD)
        await self.imagine(press, text, private=_is_private(press))

    async def _reroll(self, press: Press, job: str) -> None:
        def order(by: Person, key: str, post: NewPost) -> Command:
            return Reroll(by=by, key=key, job=job, post=post, vouched=True)

        await self._order(press, order, private=_is_private(press))

    async def _vary(self, press: Press, job: str, index: int, *, strong: bool) -> None:
        def order(by: Person, key: str, post: NewPost) -> Command:
            return Vary(by=by, key=key, job=job, index=index, strong=strong, post=post, vouched=True)

        await self._order(press, order, private=_is_private(press))

    async def _order(self, press: Press, order: Order, *, private: bool) -> None:
        by = person(press)
        if (sentence := missing(press, by.language)) is not None:
            await _say(press, sentence)
            return
        if not await acknowledge(press, private=private):
            return
        address = self._address(press, private=private)
        post = NewPost(platform=PLATFORM, address=address.text(), language=by.language)
        answer = await self._core.answer(order(by, f"{PLATFORM}:{press.id}", post))
        match answer:
            case Queued() | Progress():
                await self._begin(address, answer, by.language)
            case Refused():
                await _refuse(press, describe(answer, by.language), private=private)
            case Delivered() | Broken() | Cancelled():
                pass  # this very press was answered before: its post shows the end
            case _:
                log.error("an order had another answer", extra={"answer": type(answer).__name__})

    async def _begin(self, address: Address, update: Queued | Progress, language: str) -> None:
        try:
            await self._surface.begin(address, update, language)
        except (Closed, TryLater) as reason:
            log.info("first state not shown", extra={"job": update.job.id, "reason": str(reason)})

    def _address(self, press: Press, *, private: bool) -> Address:
        return Address(
            application=press.application_id,
            token=press.token,
            born=self._core.now(),
            channel=press.channel_id or 0,
            message=press.extras.get("message"),
            guild=press.guild_id,
            user=press.user.id,
            private=private,
            member=press.is_guild_integration() or press.context.dm_channel,
            limit=press.filesize_limit,
        )

    # ── buttons ───────────────────────────────────────────────────────────────────────────────────

    @kindly
    async def pressed(self, press: Press, deed: Deed, job: str, index: int) -> None:
        """Do to a job what its button says."""
        match deed:
            case Deed.REROLL:
                await self._reroll(press, job)
            case Deed.SUBTLE | Deed.STRONG:
                await self._vary(press, job, index, strong=deed is Deed.STRONG)
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
            await _say(press, describe(answer, by.language))
            return
        found = answer.job
        try:
            await press.response.send_modal(
                edit_form(render(found.recipe, found.count, found.format), by.language)
            )
        except LOST as error:
            _log_lost(error)

    async def _info(self, press: Press, job: str) -> None:
        by = person(press)
        if await acknowledge(press, private=True):
            answer = await self._core.answer(ShowInfo(by, job, vouched=True))
            if isinstance(answer, Info):
                await _show(press, info_text(answer, by.language))
            else:
                await _show(press, describe(answer, by.language))

    async def _cancel(self, press: Press, job: str) -> None:
        """Stop it. The job's own message tells the end."""
        by = person(press)
        await acknowledge(press, silently=True)  # even where it failed, the wish is clear
        answer = await self._core.answer(Cancel(by, job, vouched=_is_moderator(press)))
        if not isinstance(answer, Stopping | Cancelled):
            await _whisper(press, await self._why_not(answer, by, job))

    async def _delete(self, press: Press, job: str) -> None:
        """Remove the pictures, the message that was pressed, and the job's own message."""
        by = person(press)
        await acknowledge(press, silently=True)
        answer = await self._core.answer(Delete(by, job, vouched=_is_moderator(press)))
        if isinstance(answer, Deleted):
            await self._remove_messages(press, job)
        else:
            await _whisper(press, await self._why_not(answer, by, job))

    async def _why_not(self, answer: Answer, by: Person, job: str) -> str:
        """Return why it was not done; a job that is there, but not for this person, is told as such."""
        unknown = isinstance(answer, Refused) and isinstance(answer.refusal, NoSuchJob)
        if unknown and isinstance(await self._core.answer(ShowInfo(by, job, vouched=True)), Info):
            return say(by.language, "discord_not_yours")
        return describe(answer, by.language)

    async def _remove_messages(self, press: Press, job: str) -> None:
        if press.message is not None:
            await _delete(press, press.message)
        post = await self._core.post(job)
        if post is not None and post.platform == PLATFORM and _message_of(post.address) != _pressed_on(press):
            await self._surface.remove(post)

    @kindly
    async def picked(self, press: Press, job: str, index: int | None) -> None:
        """Show a job's pictures, or one of them, to the person alone."""
        by = person(press)
        if not await acknowledge(press, private=True):
            return
        answer = await self._core.answer(ShowInfo(by, job, vouched=index is not None))
        if not isinstance(answer, Info):
            await _show(press, describe(answer, by.language))
            return
        delivered = Delivered(job=answer.job, pictures=answer.pictures)
        chosen = [picture for picture in answer.pictures if index in (None, picture.index)]
        view = under(delivered, by.language) if index is None else under_one(job, index, by.language)
        files = await uploads_of(answer.job, chosen, self._core.path, press.filesize_limit)
        await _show(press, update_text(delivered, by.language), view, files)

    # ── looking around ────────────────────────────────────────────────────────────────────────────

    @kindly
    async def queue(self, press: Press) -> None:
        """Show what waits."""
        by = person(press)
        if await acknowledge(press, private=True):
            answer = await self._core.answer(ShowQueue(by))
            if isinstance(answer, QueueView):
                await _show(press, queue_text(answer, by.language), under_queue(answer, by.language))
            else:
                await _show(press, describe(answer, by.language))

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
            await _show(press, text)

    @kindly
    async def history(self, press: Press, before: float | None = None) -> None:
        """Show a page of the person's jobs."""
        by = person(press)
        if not await acknowledge(press, private=True):
            return
        answer = await self._core.answer(ShowHistory(by, before, PAGE))
        if not isinstance(answer, History):
            await _show(press, describe(answer, by.language))
            return
        files = await thumbnails(_first_pictures(answer), self._core.path)
        view = under_history(answer, by.language)
        await _show(
            press, history_text(answer, by.language), view, files, _entries(answer, files, by.language)
        )

    @kindly
    async def help(self, press: Press) -> None:
        """Show what can be typed."""
        await _say(press, help_text(person(press).language))


# ── reading an interaction ────────────────────────────────────────────────────────────────────────


def person(press: Press) -> Person:
    """Return who asks, in the language their Discord speaks."""
    return Person(
        identity=Identity(PLATFORM, str(press.user.id)),
        name=press.user.display_name,
        language=language_for(str(press.locale)),
    )


def _is_moderator(press: Press) -> bool:
    return press.guild_id is not None and press.permissions.manage_messages


def _is_private(press: Press) -> bool:
    """Say whether the message that was used is seen by this person alone, so that the answer is too."""
    return press.message is not None and press.message.flags.ephemeral


def _pressed_on(press: Press) -> int | None:
    return press.message.id if press.message is not None else None


def _message_of(address: str) -> int | None:
    return Address.read(address).message


def _field(form: Any, custom_id: str) -> str:
    """Return the text of a form's field, wherever it stands in it."""
    if isinstance(form, dict):
        if form.get("custom_id") == custom_id and "value" in form:
            return str(form["value"])
        form = [form.get("components", []), form.get("component", [])]
    return "".join(_field(part, custom_id) for part in form) if isinstance(form, list) else ""


def _first_pictures(history: History) -> list[tuple[Any, Picture]]:
    finished = (item for item in history.items if isinstance(item, Delivered))
    return [(item.job, item.pictures[0]) for item in finished if item.pictures]


def _entries(history: History, files: Sequence[Upload], language: str) -> list[discord.Embed]:
    """Return one small entry per job, with its thumbnail where there is one."""
    names = {upload.name for upload in files}
    entries = []
    for item in history.items:
        made = f"-# <t:{int(item.job.created_at)}:R> {describe(item, language)}"
        entry = discord.Embed(description=f"{list_line(item.job)}\n{made}")
        if (name := file_name(item.job.id, 0, "jpg")) in names:
            entry.set_thumbnail(url=f"attachment://{name}")
        entries.append(entry)
    return entries


# ── answering an interaction ──────────────────────────────────────────────────────────────────────


async def acknowledge(press: Press, *, private: bool = False, silently: bool = False) -> bool:
    """Tell Discord that the press was heard; say whether it took that.

    `silently` changes nothing that people see; otherwise a message appears that will be the answer.
    """
    try:
        response = await press.response.defer(ephemeral=private, thinking=not silently)
    except LOST as error:
        _log_lost(error)
        return False
    press.extras["message"] = response.message_id if response is not None else None
    return True


async def _say(press: Press, sentence: str) -> None:
    """Answer at once, to the person alone."""
    try:
        await press.response.send_message(sentence, ephemeral=True)
    except LOST as error:
        _log_lost(error)


async def _whisper(press: Press, sentence: str) -> None:
    """Tell the person alone, after the acknowledgement."""
    try:
        await press.followup.send(sentence, ephemeral=True)
    except LOST as error:
        _log_lost(error)


async def _refuse(press: Press, sentence: str, *, private: bool) -> None:
    """Say no to the person alone: what everybody sees goes away first.

    A follow-up while the first answer is still awaited would take its place, in public.
    """
    if private:
        await _show(press, sentence)
        return
    try:
        await press.delete_original_response()
    except LOST as error:
        _log_lost(error)
    await _whisper(press, sentence)


async def _delete(press: Press, message: discord.Message) -> None:
    """Remove the message that was pressed, by the press or as the bot's own."""
    for way in (press.delete_original_response, message.delete):
        try:
            await way()
        except LOST as error:
            _log_lost(error)
        else:
            return


async def _show(
    press: Press,
    content: str,
    view: ui.View | None = None,
    files: Sequence[Upload] = (),
    embeds: Sequence[discord.Embed] = (),
) -> None:
    """Fill the answer that was announced by the acknowledgement."""
    try:
        await press.edit_original_response(
            content=content,
            view=view,
            attachments=[upload.file() for upload in files],
            embeds=list(embeds),
        )
    except LOST as error:
        _log_lost(error)


def _log_lost(error: Exception) -> None:
    code = error.code if isinstance(error, discord.HTTPException) else 0
    log.warning("an answer was lost", extra={"reason": type(error).__name__, "code": code})
