"""Tells other people's servers about the ends of jobs: from a persisted outbox, again until they say yes."""

import asyncio
import logging

from bot.adapters.api.address import Address
from bot.adapters.api.core import Core
from bot.adapters.api.signing import signed_headers
from bot.adapters.api.tasks import task_view, told_view
from bot.adapters.api.trails import Trail
from bot.adapters.api.views import NATIVE, job_view
from bot.adapters.api.wire import to_json
from bot.clock import pause
from bot.outgoing import BadAddress, Unreached
from storage.outbox import Message
from storage.records import Post
from storage.store import StorageError

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 60.0, 300.0)  # seconds between tries; then it is given up
MOST_AT_ONCE = 50
IDLE_SECONDS = 30.0
YES = range(200, 300)

log = logging.getLogger(__name__)


class Webhooks:
    """Run it for as long as the bot lives; an earlier run's messages are taken up again."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._news = asyncio.Event()
        self._under_way: set[str] = set()

    async def tell(self, post: Post, trail: Trail) -> None:
        """Put a job's end into the outbox, where its order named a webhook. Raises StorageError."""
        address = Address.read(post.address)
        if address.webhook is None or not trail.ended:
            return
        now = self._core.clock.wall()
        message = Message(
            id=f"msg_{post.job}",
            job=post.job,
            key=address.key,
            url=address.webhook,
            body=to_json(_told(address, trail, post, now)),
            created_at=now,
            due_at=now,
        )
        await self._core.outbox.add(message)
        self._news.set()

    async def run(self) -> None:
        """Send what is due, for ever. No receiver makes another one wait."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                try:
                    for message in await self._due():
                        self._under_way.add(message.id)
                        tasks.create_task(self._send(message))
                    seconds = await self._wait_seconds()
                except StorageError as error:
                    log.warning("the outbox cannot be read", extra={"reason": str(error)})
                    seconds = IDLE_SECONDS
                await self._core.clock.wait(self._news, seconds)

    async def look(self) -> None:
        """Something is due that another bot has put there."""
        self._news.set()

    async def _due(self) -> list[Message]:
        places = MOST_AT_ONCE - len(self._under_way)
        due = await self._core.outbox.due(self._core.clock.wall(), MOST_AT_ONCE + len(self._under_way))
        return [message for message in due if message.id not in self._under_way][: max(0, places)]

    async def _wait_seconds(self) -> float:
        """Return when to look again; what is under way says so itself."""
        at = await self._core.outbox.next_due()
        if at is None or self._under_way:
            return IDLE_SECONDS
        return max(0.0, at - self._core.clock.wall())

    async def _send(self, message: Message) -> None:
        try:
            await self._note(message, await self._answer(message))
        except StorageError as error:
            log.warning("a webhook's answer is not noted", extra={"reason": str(error)})
            await pause(self._core.clock, PAUSES[0])
        except Exception:
            log.exception("a webhook failed by a bug", extra={"job": message.job})
            await pause(self._core.clock, IDLE_SECONDS)
        finally:
            self._under_way.discard(message.id)
            self._news.set()

    async def _answer(self, message: Message) -> int | str:
        """Return the status that came back, or why none did."""
        key = await self._core.keys.find(message.key)
        if key is None:
            return "the key is gone"
        body = message.body.encode()
        headers = signed_headers(key.webhook_secret, message.id, body, self._core.clock.wall())
        try:
            return await self._core.outgoing.post(message.url, body, headers)
        except (BadAddress, Unreached) as error:
            return str(error)

    async def _note(self, message: Message, answer: int | str) -> None:
        now, said = self._core.clock.wall(), str(answer)[:100]
        if answer in YES:
            await self._core.outbox.ended(message.id, "delivered", said, now)
        elif message.tries < len(PAUSES):
            await self._core.outbox.again(message.id, now + PAUSES[message.tries], said)
        else:
            log.warning("a webhook is given up", extra={"job": message.job, "answer": said})
            await self._core.outbox.ended(message.id, "given_up", said, now)


def _told(address: Address, trail: Trail, post: Post, now: float) -> dict[str, object]:
    if address.dialect == NATIVE:
        return job_view(trail, address.base)
    return told_view(task_view(trail, post, address.base, now))
