"""Ways to answer an interaction. What is lost on the way to Discord is logged, never raised."""

import logging
from collections.abc import Sequence

import aiohttp
import discord
from discord import ui

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.files import Upload

log = logging.getLogger(__name__)

NOTHING_YET = "…"
LOST = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError)


async def say_at_once(press: Press, sentence: str, view: ui.View | None = None) -> None:
    """Answer at once, to the person alone."""
    try:
        await press.response.send_message(sentence, ephemeral=True, view=view or discord.utils.MISSING)
    except LOST as error:
        log_lost(error)


async def open_form(press: Press, form: ui.Modal) -> None:
    """Answer with a form."""
    try:
        await press.response.send_modal(form)
    except LOST as error:
        log_lost(error)


async def whisper(press: Press, sentence: str) -> bool:
    """Tell the person alone, after the acknowledgement; say whether it got through."""
    try:
        await press.followup.send(sentence, ephemeral=True)
    except LOST as error:
        log_lost(error)
        return False
    return True


async def announce(press: Press, *, private: bool) -> int | None:
    """Begin one more message after the first answer; return its number, None where it did not get through."""
    try:
        sent = await press.followup.send(NOTHING_YET, ephemeral=private, wait=True)
    except LOST as error:
        log_lost(error)
        return None
    return sent.id


async def refuse(press: Press, sentence: str, *, private: bool) -> None:
    """Say no to the person alone, and take away what everybody sees.

    In this order: a follow-up while the first answer is still awaited would take its place in public, and
    after that answer was deleted Discord may not find where to put it.
    """
    if private:
        await show(press, sentence)
        return
    await show(press, NOTHING_YET)
    if not await whisper(press, sentence):
        await show(press, sentence)
        return
    try:
        await press.delete_original_response()
    except LOST as error:
        log_lost(error)


async def delete(press: Press, message: discord.Message) -> None:
    """Remove the message that was pressed, by the press or as the bot's own."""
    for way in (press.delete_original_response, message.delete):
        try:
            await way()
        except LOST as error:
            log_lost(error)
        else:
            return


async def show(
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
        log_lost(error)


def log_lost(error: Exception) -> None:
    """Note that something did not get through to Discord."""
    code = error.code if isinstance(error, discord.HTTPException) else 0
    log.warning("an answer was lost", extra={"reason": type(error).__name__, "code": code})
