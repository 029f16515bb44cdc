"""Takes updates that Telegram brings. One is taken only with the secret, and confirmed only when done."""

import asyncio
import hashlib
import hmac
import json
import logging
from dataclasses import dataclass

from aiohttp import web
from telegram import Bot, Update

from bot.adapters.telegram.polling import KINDS, Take, read_update
from bot.recent import Recent

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name
LARGEST_UPDATE = 2**20  # bytes
CONFIRM_SECONDS = 10.0  # then Telegram is asked to bring it again, and will find it done
REMEMBERED = 10_000  # updates, which Telegram brings again when it missed the answer
CLOSING_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The public address that Telegram is told, and where it leads to on this machine."""

    url: str
    host: str
    port: int


class Webhook:
    """`run` listens until cancelled; `take` is called for each update."""

    def __init__(self, bot: Bot, take: Take, door: Door) -> None:
        self._bot = bot
        self._take = take
        self._door = door
        self._secret = secret_of(bot.token)
        self._taking: Recent[int, asyncio.Task[None]] = Recent(REMEMBERED)
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Listen, then tell Telegram where. The webhook outlives us: updates wait for the next start."""
        async with asyncio.TaskGroup() as self._tasks:
            await self._listen()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=LARGEST_UPDATE)
        app.router.add_post("/{path:.*}", self._heard)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._door.host, self._door.port, reuse_address=True).start()
            await self._bot.set_webhook(self._door.url, allowed_updates=KINDS, secret_token=self._secret)
            log.info("Telegram brings its updates", extra={"host": self._door.host, "port": self._door.port})
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _heard(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), self._secret.encode()):
            return web.Response(status=403)
        try:
            told = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400)
        if not isinstance(told, dict):
            return web.Response(status=400)
        update = read_update(told, self._bot)  # what cannot be read now cannot be read later
        return web.Response(status=200 if update is None or await self._taken(update) else 503)

    async def _taken(self, update: Update) -> bool:
        """Take care of an update, once, however often it is brought; say whether that is done."""
        assert self._tasks is not None
        if update.update_id not in self._taking:
            self._taking[update.update_id] = self._tasks.create_task(self._take_quietly(update))
        done, _ = await asyncio.wait({self._taking[update.update_id]}, timeout=CONFIRM_SECONDS)
        return bool(done)

    async def _take_quietly(self, update: Update) -> None:
        try:
            await self._take(update)
        except Exception:
            log.exception("an update failed")


def secret_of(token: str) -> str:
    """Return what Telegram shows with every update; it leads back to no token, and stays the same."""
    return hashlib.sha256(b"pinxit webhook " + token.encode()).hexdigest()
