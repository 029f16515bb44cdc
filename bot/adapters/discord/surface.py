"""The delivery ladder: a job's own message, a new one in the channel, a direct message, or kept."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, assert_never

import aiohttp
import discord
from discord import ui

from bot.adapters.discord.address import PLATFORM, Address
from bot.adapters.discord.buttons import under
from bot.adapters.discord.core import Core
from bot.adapters.discord.files import Upload, preview, uploads_of
from bot.adapters.discord.full_size import with_links
from bot.adapters.discord.wording import update_text
from bot.delivery import Surface, TryLater
from bot.texts import say
from bot.updates import Broken, Cancelled, Delivered, Progress, Queued, Update
from storage.records import Post, Rung

log = logging.getLogger(__name__)

EDIT_SECONDS = 1.5  # between two edits in one channel; Discord allows about five in five seconds
PATIENCE_SECONDS = 5.0  # while Discord cannot be reached
LONGEST_BY_TOKEN_SECONDS = 30.0
LOGIN_SECONDS = 1.0  # while the bot is not on Discord yet
BLOCKED_SECONDS = 60.0  # after a 429 that does not say for how long
SMALLEST_LIMIT = 100_000  # bytes; a picture that does not fit even then is not worth sending
TOO_LARGE = {40005}
REMEMBERED = 10_000
ORIGINAL: Any = "@original"  # what Discord calls a token's own message, in the place of its number

UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError)


async def _no_files(_limit: int) -> list[Upload]:
    return []


class Closed(Exception):
    """This rung leads nowhere; the next one is tried."""


@dataclass(frozen=True, slots=True)
class Card:
    """A message to be: words, buttons, files for whatever size is allowed, the words with links to them."""

    content: str
    view: ui.View
    files: Callable[[int], Awaitable[list[Upload]]] = _no_files
    linked: Callable[[str, Sequence[Upload]], str] | None = None


Climb = Callable[[Card, list[discord.File]], Awaitable[object]]


class DiscordSurface(Surface):
    """Shows updates at their messages. Give it the client when that is logged in."""

    platform = PLATFORM
    interval_seconds = EDIT_SECONDS
    budgeted = True

    def __init__(self, core: Core) -> None:
        self._core = core
        self.client: discord.Client | None = None
        self._shown: OrderedDict[int, None] = OrderedDict()  # messages that Delivery has begun to write

    def channel_of(self, post: Post) -> str:
        """Return the channel: sends and edits in it share one budget."""
        return str(Address.read(post.address).channel)

    async def show(self, post: Post, update: Update) -> Rung:
        """Make the post show this, on the first rung that holds."""
        client, address = self._logged_in(), Address.read(post.address)
        self._remember(address)
        card = self._card(update, post.language)
        for rung, climb in self._rungs(_Ladder(client, address, self._core.now()), post, update):
            try:
                await _climb(climb, card, address)
            except Closed as reason:
                log.info("rung closed", extra={"job": post.job, "rung": rung.value, "reason": str(reason)})
            else:
                return rung
        return Rung.KEPT

    async def begin(self, address: Address, update: Update, language: str) -> None:
        """Show the first state at once, unless something newer is there already."""
        if address.message not in self._shown:
            ladder = _Ladder(self._logged_in(), address, self._core.now())
            await _climb(ladder.by_token, self._card(update, language), address)

    async def waiting(self, address: Address) -> int:
        """Return the message that still announces an answer. Raises Closed where there is none."""
        ladder = _Ladder(self._logged_in(), address, self._core.now())
        message: discord.WebhookMessage = await _judged(ladder.fetch_by_token())
        return message.id

    async def say(self, address: Address, sentence: str) -> None:
        """Let an announced answer be one sentence."""
        ladder = _Ladder(self._logged_in(), address, self._core.now())
        await _climb(ladder.by_token, Card(sentence, ui.View(timeout=None)), address)

    async def remove(self, address: Address) -> None:
        """Delete a message, as far as it can be reached."""
        ladder = _Ladder(self._logged_in(), address, self._core.now())
        for way in (ladder.delete_by_token, ladder.delete_by_bot):
            try:
                await _judged(way())
            except (Closed, TryLater):
                continue
            return

    def _logged_in(self) -> discord.Client:
        if self.client is None or self.client.is_closed():
            raise TryLater(LOGIN_SECONDS)
        return self.client

    def _remember(self, address: Address) -> None:
        if address.message is not None:
            self._shown[address.message] = None
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)

    def _card(self, update: Update, language: str) -> Card:
        base = self._core.public_url
        return Card(
            update_text(update, language),
            under(update, language),
            self._files(update),
            None if base is None else partial(with_links, base=base, language=language),
        )

    def _files(self, update: Update) -> Callable[[int], Awaitable[list[Upload]]]:
        async def files(limit: int) -> list[Upload]:
            match update:
                case Delivered(job=job, pictures=pictures):
                    return await uploads_of(job, pictures, self._core.read, limit)
                case Progress(job=job, previews=previews):
                    return [preview(job, index, jpeg) for index, jpeg in previews]
                case Queued() | Broken() | Cancelled():
                    return []
                case _:
                    assert_never(update)

        return files

    def _rungs(self, ladder: "_Ladder", post: Post, update: Update) -> Iterator[tuple[Rung, Climb]]:
        """Yield the ways that are worth trying, best first. What is not a result stays at its message."""
        yield Rung.EDITED, ladder.by_token
        yield Rung.EDITED, ladder.by_bot
        if isinstance(update, Delivered) and update.pictures:
            yield Rung.POSTED, ladder.to_channel(post)
        if isinstance(update, Broken) or (isinstance(update, Delivered) and update.pictures):
            yield Rung.DIRECT, ladder.to_person(post)


class _Ladder:
    """The ways to one address. Each raises Closed where it cannot be gone from the start."""

    def __init__(self, client: discord.Client, address: Address, now: float) -> None:
        self._client = client
        self._address = address
        self._now = now

    async def by_token(self, card: Card, files: list[discord.File]) -> None:
        """Edit as the answer to the interaction. discord.py obeys any `Retry-After` here, of an hour too."""
        try:
            async with asyncio.timeout(LONGEST_BY_TOKEN_SECONDS):
                await self._webhook().edit_message(
                    self._answer, content=card.content, attachments=files, view=card.view
                )
        except TimeoutError:
            if self._is_reached_by_bot:
                raise Closed("Discord lets the token wait for too long") from None
            raise

    async def by_bot(self, card: Card, files: list[discord.File]) -> None:
        await self._own_message().edit(content=card.content, attachments=files, view=card.view)

    def to_channel(self, post: Post) -> Climb:
        async def send(card: Card, files: list[discord.File]) -> None:
            if self._address.private or not self._address.member:
                raise Closed("nobody else may see it, or the bot may not write here")
            content = f"<@{self._address.user}>\n{card.content}"
            await self._channel().send(content, files=files, view=card.view, nonce=_nonce("c", post))

        return send

    def to_person(self, post: Post) -> Climb:
        async def send(card: Card, files: list[discord.File]) -> None:
            channel = await self._client.create_dm(discord.Object(self._address.user))
            content = f"{say(post.language, 'discord_direct')}\n{card.content}"
            await channel.send(content, files=files, view=card.view, nonce=_nonce("d", post))

        return send

    async def fetch_by_token(self) -> discord.WebhookMessage:
        return await self._webhook().fetch_message(self._answer)

    async def delete_by_token(self) -> None:
        await self._webhook().delete_message(self._answer)

    async def delete_by_bot(self) -> None:
        await self._own_message().delete()

    @property
    def _answer(self) -> Any:
        return self._address.message if self._address.further else ORIGINAL

    def _webhook(self) -> discord.Webhook:
        if not self._address.token_lives(self._now):
            raise Closed("the interaction is older than a quarter of an hour")
        return discord.Webhook.partial(self._address.application, self._address.token, client=self._client)

    @property
    def _is_reached_by_bot(self) -> bool:
        return not self._address.private and self._address.member and self._address.message is not None

    def _own_message(self) -> discord.PartialMessage:
        if not self._is_reached_by_bot or self._address.message is None:
            raise Closed("the bot itself cannot reach this message")
        return self._channel().get_partial_message(self._address.message)

    def _channel(self) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(self._address.channel, guild_id=self._address.guild)


async def _climb(climb: Climb, card: Card, address: Address) -> None:
    """Send the card, its files smaller and smaller while Discord finds them too large, at last as links."""
    limit = address.limit
    while True:
        uploads = await card.files(limit)
        try:
            return await _sent(climb, card, uploads, address)
        except _TooLarge:
            limit = min(limit, max((len(upload.content) for upload in uploads), default=0)) // 2
        if limit < SMALLEST_LIMIT:
            return await _linked(climb, card, address)


async def _linked(climb: Climb, card: Card, address: Address) -> None:
    """Send the card without files, where links can be followed instead."""
    if card.linked is not None:
        with suppress(_TooLarge):
            smallest = await card.files(0)
            return await _sent(climb, card, [replace(upload, content=b"") for upload in smallest], address)
    raise Closed("the pictures are too large for this place")


async def _sent(climb: Climb, card: Card, uploads: Sequence[Upload], address: Address) -> None:
    content = card.content if card.linked is None else card.linked(card.content, uploads)
    files = [upload.file(spoiler=address.spoiler) for upload in uploads if upload.content]
    await _judged(climb(replace(card, content=content), files))


class _TooLarge(Exception):
    """Discord takes no file of this size here."""


async def _judged(request: Awaitable[Any]) -> Any:
    """Make a request; say what its failure means. Raises Closed, TryLater or _TooLarge."""
    try:
        return await request
    except discord.RateLimited as error:
        raise TryLater(error.retry_after) from None
    except UNREACHABLE as error:
        log.warning("Discord is not reached", extra={"reason": type(error).__name__})
        raise TryLater(PATIENCE_SECONDS) from None
    except KeyError:  # discord.py looks for a time in every 429, and one about edits of old messages has none
        raise Closed("429 for good") from None
    except discord.HTTPException as error:
        if error.status == 413 or error.code in TOO_LARGE:  # noqa: PLR2004 - HTTP's own number
            raise _TooLarge from None
        if error.status == 429:  # noqa: PLR2004 - HTTP's own number
            raise TryLater(_patience(error)) from None
        raise Closed(f"{error.status}/{error.code}") from None


def _patience(error: discord.HTTPException) -> float:
    """Return for how long Discord asks to be left alone."""
    try:
        return float(error.response.headers["Retry-After"])
    except (KeyError, ValueError):
        return BLOCKED_SECONDS


def _nonce(way: str, post: Post) -> str:
    """Return what makes sending the same result twice the same as once; Discord takes 25 characters."""
    return f"{way}{post.job}"[:25]
