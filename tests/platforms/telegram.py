"""A Telegram of our own on a loopback address, for the real python-telegram-bot to talk to.

It keeps every call in order, validates each against Telegram's API description where there is a copy,
hands updates out by long poll or webhook, and can be told to fail as Telegram fails (`telegram_faults`).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.platforms.news import WAIT_SECONDS, News
from tests.platforms.telegram_faults import Fault, No
from tests.platforms.telegram_markup import Shown
from tests.platforms.telegram_methods import Call, Methods, World
from tests.platforms.telegram_world import Chat, File, Message, User, group, supergroup

TOKEN = "123456:a-token-of-the-loopback-telegram"
ALL_KINDS = {"message", "callback_query", "inline_query", "chosen_inline_result", "pre_checkout_query"}
ALL_KINDS |= {"my_chat_member"}


class Press:
    """A callback query; `answer` is what the bot answered, None until it has."""

    def __init__(self, world: World, id: str) -> None:
        self._world, self.id = world, id

    @property
    def answer(self) -> dict[str, Any] | None:
        return self._world.callbacks.get(self.id) or None

    @property
    def text(self) -> str:
        return (self.answer or {}).get("text", "")


class LoopbackTelegram:
    """Use as an async context manager. `url` is what TELEGRAM_API_URL is set to."""

    def __init__(self) -> None:
        self.bot = User("pinxit_bot", bot=True)
        self.ann, self.bob = User("ann_lee"), User("bob_ray")
        self.world = World(self.bot, TOKEN)
        self._news = News(self._lately)
        self.methods = Methods(self.world, self._news.tell)
        self.methods.updates = self._poll
        self.polls = 0
        self.polling = self.most_polling = 0  # at the same time
        self.polled_at: list[float] = []
        self.handed: list[dict[str, Any]] = []
        self.hears_all = False  # as an administrator does
        self.conflict = False  # somebody else polls with the same token
        self._waiting: list[dict[str, Any]] = []
        self._numbers, self._queries = itertools.count(700_001), itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._pushing: asyncio.Task[None] | None = None
        self.pushes: list[tuple[int, str]] = []  # status and secret of each delivery to the webhook
        self.port = 0

    async def __aenter__(self) -> Self:
        for user in (self.bot, self.ann, self.bob):
            self.joins(user)
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pushing is not None:
            self._pushing.cancel()
            await asyncio.gather(self._pushing, return_exceptions=True)
        await self.go_down()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=100 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self.methods.handle)
        app.router.add_get("/file/bot{token}/files/{file}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def go_down(self) -> None:
        """Be unreachable."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def come_back(self) -> None:
        await self._listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _download(self, request: web.Request) -> web.Response:
        return web.Response(body=self.world.files[request.match_info["file"]].content)

    # ── updates to the bot ────────────────────────────────────────────────────────────────────────

    async def _poll(self, call: Call) -> list[dict[str, Any]]:
        self.polled_at.append(time.monotonic())
        if self.world.webhook:
            raise No(409, "Conflict: can't use getUpdates method while webhook is active")
        if self.conflict:
            raise No(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot"
                " instance is running",
            )
        offset = call.values.get("offset", 0)
        self._waiting = [update for update in self._waiting if update["update_id"] >= offset]
        self.polls += 1
        self.polling += 1
        self.most_polling = max(self.most_polling, self.polling)
        self._news.tell()
        try:
            return await self._ready(call)
        finally:
            self.polling -= 1

    async def _ready(self, call: Call) -> list[dict[str, Any]]:
        wanted = set(call.values.get("allowed_updates", []))
        deadline = time.monotonic() + min(call.values.get("timeout", 0), 2)
        while not (ready := self._wanted(wanted)) and time.monotonic() < deadline:  # noqa: ASYNC110 - simplest
            await asyncio.sleep(0.005)
        self.handed += ready
        self._news.tell()
        return ready[:100]

    def _wanted(self, kinds: set[str]) -> list[dict[str, Any]]:
        return [update for update in self._waiting if not kinds or kinds & set(update)]

    def update(self, kind: str, content: dict[str, Any], *, again: bool = False) -> dict[str, Any]:
        """Hand an update to the bot; `again` hands it out twice, with two ids."""
        update = {"update_id": next(self._numbers), kind: content}
        self._waiting.append(update)
        if again:
            self._waiting.append({"update_id": next(self._numbers), kind: content})
        if self.world.webhook and self._pushing is None:
            self._pushing = asyncio.get_running_loop().create_task(self.push())
        return update

    async def push(self) -> None:
        """Deliver to the webhook what waits, in order, until the bot has taken it."""
        async with aiohttp.ClientSession() as session:
            while True:
                ready = self._wanted(set(self.world.webhook.get("allowed_updates", ())))
                if self.world.webhook and ready and await self._pushed(session, ready[0]):
                    self._waiting.remove(ready[0])
                else:
                    await asyncio.sleep(0.02)

    async def _pushed(self, session: aiohttp.ClientSession, update: dict[str, Any]) -> bool:
        secret = self.world.webhook.get("secret_token", "")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        try:
            where = self.webhook_at or self.world.webhook["url"]
            async with session.post(where, json=update, headers=headers) as answered:
                self.pushes.append((answered.status, secret))
                return answered.status == 200
        except aiohttp.ClientError:
            self.pushes.append((0, secret))
            return False

    webhook_at = ""  # where the webhook's public address leads to in truth

    # ── what people do ────────────────────────────────────────────────────────────────────────────

    def joins(self, user: User) -> User:
        self.world.users[user.id] = user
        self.world.chats.setdefault(user.id, Chat(user.id, person=user))
        return user

    def founds(self, chat: Chat) -> Chat:
        """Make a group known."""
        self.world.chats[chat.id] = chat
        return chat

    def private(self, user: User | None = None) -> Chat:
        return self.world.chats[(user or self.ann).id]

    def says(  # noqa: PLR0913 - as in Telegram
        self,
        text: str,
        by: User | None = None,
        chat: Chat | None = None,
        *,
        reply_to: Message | None = None,
        thread: int | None = None,
        photo: bytes | None = None,
        again: bool = False,
        **extra: Any,
    ) -> Message:
        """Write a message; a command is marked as such, as people's apps do."""
        by, chat = by or self.ann, chat or self.private(by)
        message = Message(chat, by, next(chat.numbers), Shown(text), reply_to=reply_to, extra=extra)
        message.thread = thread
        if photo is not None:
            message.file = File(photo, "photo.jpg", "photo")
            self.world.files[message.file.id] = message.file
        self.world.messages.append(message)
        told = message.payload()
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0].encode("utf-16-le")) // 2
            key = "caption_entities" if photo is not None else "entities"
            told[key] = [{"type": "bot_command", "offset": 0, "length": length}]
        serving = any(name.startswith("migrate_") for name in extra)  # a bot is told whatever it may read
        if chat.type == "private" or serving or self._heard(text, reply_to):
            self.update("message", told, again=again)
        return message

    def _heard(self, text: str, reply_to: Message | None) -> bool:
        """Say whether a bot in privacy mode is told a group's message."""
        word = text.split(" ", maxsplit=1)[0] if text else ""
        if self.hears_all:
            return True
        to_us = word.startswith("/") and ("@" not in word or word.endswith("@" + self.bot.name))
        return to_us or (reply_to is not None and reply_to.sender is self.bot)

    def imagine(self, prompt: str, by: User | None = None, chat: Chat | None = None, **how: Any) -> Message:
        return self.says(f"/imagine {prompt}", by, chat, **how)

    def presses(self, message: Message, label: str, by: User | None = None, *, again: bool = False) -> Press:
        """Press the button with a label."""
        query_id = str(next(self._queries))
        self.world.callbacks[query_id] = None
        told: dict[str, Any] = {
            "id": query_id,
            "from": (by or self.ann).payload(),
            "chat_instance": "1",
            "data": message.buttons[label],
        }
        inline = [name for name, each in self.world.inline.items() if each is message]
        told |= {"inline_message_id": inline[0]} if inline else {"message": message.payload()}
        self.update("callback_query", told, again=again)
        return Press(self.world, query_id)

    def types_inline(self, query: str, by: User | None = None) -> str:
        """Type after the bot's name in any chat; return the query's id."""
        query_id = str(next(self._queries))
        told = {"id": query_id, "from": (by or self.ann).payload(), "query": query, "offset": ""}
        self.update("inline_query", told)
        return query_id

    def chooses(self, query: str, result: int = 0, by: User | None = None, text: str = "") -> Message:
        """Send a result of an inline query."""
        chosen = self.world.inline_answers[query]["results"][result]
        inline = f"inline{next(self._queries)}"
        content = chosen["input_message_content"]
        shown = self.methods._shown(content["message_text"], content, 4096)
        message = Message(Chat(0), by or self.ann, 0, shown, markup=chosen.get("reply_markup"))
        self.world.inline[inline] = message
        told = {"result_id": chosen["id"], "from": (by or self.ann).payload(), "query": text}
        self.update("chosen_inline_result", told | {"inline_message_id": inline})
        return message

    def checks_out(self, invoice: Message, by: User | None = None, **forged: Any) -> str:
        """Press an invoice's pay button; return the pre-checkout query's id."""
        query_id = str(next(self._queries))
        assert invoice.invoice is not None
        told = {
            "id": query_id,
            "from": (by or self.ann).payload(),
            "currency": "XTR",
            "total_amount": invoice.invoice["prices"][0]["amount"],
            "invoice_payload": invoice.invoice["payload"],
        }
        self.world.checkouts[query_id] = None
        self.update("pre_checkout_query", told | forged)
        return query_id

    def pays(self, invoice: Message, charge: str, by: User | None = None, *, again: bool = False) -> None:
        """Complete a payment."""
        assert invoice.invoice is not None
        paid = {
            "currency": "XTR",
            "total_amount": invoice.invoice["prices"][0]["amount"],
            "invoice_payload": invoice.invoice["payload"],
            "telegram_payment_charge_id": charge,
            "provider_payment_charge_id": "",
        }
        self.says("", by, successful_payment=paid, again=again)

    def adds_the_bot(self, chat: Chat, was: str = "left", now: str = "member") -> None:
        """Give the bot another place in a chat."""
        told = {"chat": chat.payload(), "from": self.ann.payload(), "date": int(time.time())}
        places = {"old_chat_member": was, "new_chat_member": now}
        bot = self.bot.payload()
        told |= {key: {"status": status, "user": bot, "until_date": 0} for key, status in places.items()}
        self.update("my_chat_member", told)

    def migrates(self, chat: Chat) -> Chat:
        """Turn a group into a supergroup, with a new id."""
        grown = self.founds(supergroup(chat.title))
        grown.administrators = chat.administrators
        self.says("", chat=chat, migrate_to_chat_id=grown.id)
        self.says("", chat=grown, migrate_from_chat_id=chat.id)
        chat.migrated_to = grown.id
        return grown

    # ── what Telegram does ────────────────────────────────────────────────────────────────────────

    def fault(self, fault: Fault) -> Fault:
        self.methods.faults.append(fault)
        return fault

    def lift(self) -> None:
        self.methods.faults.clear()

    # ── what there is to see ──────────────────────────────────────────────────────────────────────

    @property
    def calls(self) -> list[Call]:
        return self.methods.calls

    def called(self, name_part: str) -> list[Call]:
        return [call for call in self.calls if name_part in call.name]

    def answers(self, chat: Chat | None = None) -> list[Message]:
        """Return what the bot wrote in a chat, by default Ann's, oldest first."""
        wanted = chat or self.private()
        return [
            message
            for message in self.world.messages
            if message.sender is self.bot and not message.deleted and message.chat is wanted
        ]

    @property
    def last(self) -> Message:
        return self.answers()[-1]

    @property
    def complaints(self) -> list[str]:
        """What was said against the calls so far: by the API description, and what must never happen."""
        never = ("message is not modified", "can't parse entities", "too long", "BUTTON_DATA_INVALID")
        wrong = [call.description for call in self.calls if any(part in call.description for part in never)]
        return [complaint for call in self.calls for complaint in call.complaints] + wrong

    async def ready(self, polls: int = 1) -> None:
        await self.until(lambda: self.polls >= polls)

    async def until(self, true: Callable[[], Any], seconds: float = WAIT_SECONDS) -> None:
        """Wait until something holds, looking again whenever something happened here."""
        await self._news.until(true, seconds)

    def _lately(self) -> str:
        calls = "\n".join(f"{call.status} {call.name} {call.description}" for call in self.calls[-15:])
        shown = "\n".join(repr(message.text) for message in self.world.messages[-6:])
        return f"{calls}\nshown:\n{shown}"


__all__ = ["TOKEN", "Chat", "LoopbackTelegram", "Message", "Press", "User", "group", "supergroup"]
