"""The loopback Telegram's methods: what a bot may call, answered as Telegram answers it."""

from __future__ import annotations

import io
import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from PIL import Image

from tests.platforms.telegram_faults import Fault, No
from tests.platforms.telegram_markup import CannotParse, Shown, read
from tests.platforms.telegram_schema import complaints
from tests.platforms.telegram_world import Chat, File, Message, User

MOST_TEXT, MOST_CAPTION, MOST_CALLBACK = 4096, 1024, 64
MOST_PHOTO, MOST_DOCUMENT = 10 * 2**20, 50 * 2**20
GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)
TEXTUAL = {"chat_id", "text", "caption", "callback_query_id", "inline_query_id", "inline_message_id", "url"}
TEXTUAL |= {"parse_mode", "action", "payload", "title", "description", "currency", "secret_token"}
TEXTUAL |= {
    "language_code",
    "pre_checkout_query_id",
    "error_message",
    "telegram_payment_charge_id",
    "next_offset",
}
TEXTUAL |= {"telegram_payment_charge_id", "file_id", "photo", "document", "provider_token"}
TOO_LONG = "Bad Request: message is too long"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly"
    " the same as a current content and reply markup of the message"
)


@dataclass
class Call:
    """One call as it came, in order of arrival."""

    method: str
    values: dict[str, Any]
    files: dict[str, tuple[str, bytes]]
    status: int = 0
    description: str = ""
    complaints: list[str] = field(default_factory=list)
    at: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        return f"{self.method} {self.values.get('chat_id', '')}".strip()


@dataclass
class World:
    """Everything that the methods read and write."""

    bot: User
    token: str
    chats: dict[int, Chat] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    inline: dict[str, Message] = field(default_factory=dict)  # by inline_message_id
    files: dict[str, File] = field(default_factory=dict)
    callbacks: dict[str, Any] = field(default_factory=dict)  # the answers, by id
    inline_answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    checkouts: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    me: dict[str, Any] = field(default_factory=dict)  # what @BotFather was told otherwise than usual
    menus: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    refunds: list[tuple[int, str]] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=dict)

    def message(self, chat: int, number: int) -> Message | None:
        found = [each for each in self.messages if each.chat.id == chat and each.id == number]
        return found[0] if found else None


class Methods:
    """Faults, the record of calls, and one method per method."""

    def __init__(self, world: World, changed: Callable[[], None]) -> None:
        self.world = world
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self._changed = changed
        self._albums = itertools.count(1)
        self.updates: Callable[[Call], Any] = lambda _call: []

    async def handle(self, request: web.Request) -> web.Response:
        try:
            call = await _read(request)
        except ConnectionResetError:  # the bot went away in the middle of its call
            return web.Response(status=400)
        if request.match_info["token"] != self.world.token:
            self.calls.append(call)
            self._changed()
            return No(401, "Unauthorized").response()
        if call.method != "getUpdates":
            self.calls.append(call)
            self._changed()
        try:
            result = await self._answer(call)
        except No as no:
            call.status, call.description = no.status, no.description
            self._changed()
            return no.response()
        call.status = 200
        self._changed()
        return web.json_response({"ok": True, "result": result})

    async def _answer(self, call: Call) -> Any:
        for fault in self.faults:
            if fault.takes(call.name):
                await fault.strike(call.name)
        call.complaints = complaints(call.method, call.values)
        if call.complaints:
            raise No(400, "Bad Request: " + "; ".join(call.complaints))
        method = getattr(self, f"do_{_snake(call.method)}", None)
        if method is None:
            raise No(404, f"Not Found: {call.method}")
        result = method(call)
        return await result if hasattr(result, "__await__") else result

    # ── the bot itself ────────────────────────────────────────────────────────────────────────────

    def do_get_me(self, _call: Call) -> Any:
        more = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": True,
        }
        return self.world.bot.payload() | more | self.world.me

    def do_get_updates(self, call: Call) -> Any:
        return self.updates(call)

    def do_set_webhook(self, call: Call) -> bool:
        self.world.webhook = dict(call.values)
        return True

    def do_get_webhook_info(self, _call: Call) -> Any:
        hook = self.world.webhook
        return {"url": hook.get("url", ""), "has_custom_certificate": False, "pending_update_count": 0}

    def do_delete_webhook(self, _call: Call) -> bool:
        self.world.webhook = {}
        return True

    def do_set_my_commands(self, call: Call) -> bool:
        scope = json.dumps(call.values.get("scope", {"type": "default"}), sort_keys=True)
        self.world.menus[scope, call.values.get("language_code", "")] = call.values["commands"]
        return True

    def do_get_chat_member(self, call: Call) -> Any:
        chat, user = self._chat(call), self.world.users[call.values["user_id"]]
        if user.id not in chat.administrators:
            return {"status": "member", "user": user.payload()}
        return {"status": "creator", "user": user.payload(), "is_anonymous": False}

    def do_get_chat(self, call: Call) -> Any:
        chat = self._chat(call)
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": GIFTS}
        return chat.payload() | more | ({"permissions": chat.permissions()} if chat.person is None else {})

    # ── sending ───────────────────────────────────────────────────────────────────────────────────

    def do_send_message(self, call: Call) -> Any:
        shown = self._shown(call.values.get("text", ""), call.values, MOST_TEXT)
        if not shown.text:
            raise No(400, "Bad Request: message text is empty")
        return self._sent(call, shown).payload()

    def do_send_photo(self, call: Call) -> Any:
        return self._sent_file(call, "photo").payload()

    def do_send_document(self, call: Call) -> Any:
        return self._sent_file(call, "document").payload()

    def _sent_file(self, call: Call, kind: str) -> Message:
        shown = self._shown(call.values.get("caption", ""), call.values, MOST_CAPTION)
        return self._sent(call, shown, self._file(call, call.values[kind], kind))

    def do_send_media_group(self, call: Call) -> Any:
        items = call.values["media"]
        if not 2 <= len(items) <= 10:
            raise No(400, "Bad Request: wrong number of messages")
        album = f"album{next(self._albums)}"
        sent = []
        for item in items:
            shown = self._shown(item.get("caption", ""), item, MOST_CAPTION)
            message = self._sent(call, shown, self._file(call, item["media"], item["type"]))
            message.album = album
            sent.append(message.payload())
        return sent

    def do_send_invoice(self, call: Call) -> Any:
        if call.values["currency"] != "XTR" or len(call.values["prices"]) != 1:
            raise No(400, "Bad Request: CURRENCY_INVALID")
        if not 1 <= len(call.values["payload"].encode()) <= 128:
            raise No(400, "Bad Request: INVOICE_PAYLOAD_INVALID")
        message = self._sent(call, Shown(""))
        message.invoice = call.values
        return message.payload()

    def do_send_chat_action(self, call: Call) -> bool:
        self._place(call)
        return True

    # ── changing ──────────────────────────────────────────────────────────────────────────────────

    def do_edit_message_text(self, call: Call) -> Any:
        message = self._edited(call)
        if message.file is not None:
            raise No(400, "Bad Request: there is no text in the message to edit")
        return self._change(
            call,
            message,
            shown=self._shown(call.values["text"], call.values, MOST_TEXT),
        )

    def do_edit_message_caption(self, call: Call) -> Any:
        message = self._edited(call)
        if message.file is None:
            raise No(400, "Bad Request: there is no caption in the message to edit")
        text = call.values.get("caption", "")
        return self._change(call, message, shown=self._shown(text, call.values, MOST_CAPTION))

    def do_edit_message_media(self, call: Call) -> Any:
        message, media = self._edited(call), call.values["media"]
        if "inline_message_id" in call.values and str(media["media"]).startswith("attach://"):
            raise No(400, "Bad Request: file can't be uploaded to an inline message")
        shown = self._shown(media.get("caption", ""), media, MOST_CAPTION)
        return self._change(call, message, shown=shown, file=self._file(call, media["media"], media["type"]))

    def do_edit_message_reply_markup(self, call: Call) -> Any:
        return self._change(call, self._edited(call))

    def do_delete_message(self, call: Call) -> bool:
        _deletable(self._edited(call, "delete")).deleted = True
        return True

    def do_delete_messages(self, call: Call) -> bool:
        for number in call.values["message_ids"]:
            message = self.world.message(self._chat(call).id, number)
            if message is not None:
                _deletable(message).deleted = True
        return True

    def _edited(self, call: Call, verb: str = "edit") -> Message:
        if "inline_message_id" in call.values:
            return self.world.inline[call.values["inline_message_id"]]
        message = self.world.message(self._chat(call).id, call.values["message_id"])
        if message is None or message.deleted:
            raise No(400, f"Bad Request: message to {verb} not found")
        return message

    def _change(self, call: Call, message: Message, **news: Any) -> Any:
        before = message.look()
        for name, value in news.items():
            setattr(message, name, value)
        message.markup = _keyboard(call.values.get("reply_markup"))
        if message.look() == before:
            raise No(400, NOT_MODIFIED)
        message.edited = True
        message.seen.append(message.text)
        return True if "inline_message_id" in call.values else message.payload()

    # ── answers to presses ────────────────────────────────────────────────────────────────────────

    def do_answer_callback_query(self, call: Call) -> bool:
        query = call.values["callback_query_id"]
        if query not in self.world.callbacks:
            raise No(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(call.values.get("text", "")) > 200:
            raise No(400, "Bad Request: MESSAGE_TOO_LONG")
        self.world.callbacks[query] = call.values
        return True

    def do_answer_inline_query(self, call: Call) -> bool:
        for result in call.values["results"]:
            if not 1 <= len(result["id"].encode()) <= 64:
                raise No(400, "Bad Request: RESULT_ID_INVALID")
        self.world.inline_answers[call.values["inline_query_id"]] = call.values
        return True

    def do_answer_pre_checkout_query(self, call: Call) -> bool:
        self.world.checkouts[call.values["pre_checkout_query_id"]] = call.values
        return True

    def do_refund_star_payment(self, call: Call) -> bool:
        done = (call.values["user_id"], call.values["telegram_payment_charge_id"])
        if done in self.world.refunds:
            raise No(400, "Bad Request: CHARGE_ALREADY_REFUNDED")
        self.world.refunds.append(done)
        return True

    def do_get_file(self, call: Call) -> Any:
        file = self.world.files.get(call.values["file_id"])
        if file is None:
            raise No(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        return file.payload() | {"file_path": f"files/{file.id}"}

    # ── where, what, with what ────────────────────────────────────────────────────────────────────

    def _chat(self, call: Call) -> Chat:
        chat = self.world.chats.get(int(call.values["chat_id"]))
        if chat is None:
            raise No(400, "Bad Request: chat not found")
        if chat.migrated_to is not None:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise No(400, description, migrate_to_chat_id=chat.migrated_to)
        if chat.kicked:
            raise No(403, f"Forbidden: bot was kicked from the {chat.type} chat")
        if chat.person is not None and chat.person.blocks:
            raise No(403, "Forbidden: bot was blocked by the user")
        if chat.person is not None and not chat.person.started:
            raise No(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def _place(self, call: Call) -> Chat:
        """Return the chat, where its topic may be written in."""
        chat = self._chat(call)
        thread = call.values.get("message_thread_id")
        if thread is not None and (thread == 1 or thread not in chat.topics):
            raise No(400, "Bad Request: message thread not found")
        if thread is not None and not chat.topics[thread]:
            raise No(400, "Bad Request: TOPIC_CLOSED")
        if chat.may_not:
            raise No(400, chat.may_not)
        return chat

    def _sent(self, call: Call, shown: Shown, file: File | None = None) -> Message:
        chat = self._place(call)
        reply = call.values.get("reply_parameters")
        answered = self.world.message(chat.id, reply["message_id"]) if reply else None
        if reply and (answered is None or answered.deleted):
            if not reply.get("allow_sending_without_reply"):
                raise No(400, "Bad Request: message to be replied not found")
            answered = None
        message = Message(chat, self.world.bot, next(chat.numbers), shown, file)
        message.markup, message.reply_to = _keyboard(call.values.get("reply_markup")), answered
        message.thread = call.values.get("message_thread_id")
        message.seen.append(shown.text)
        self.world.messages.append(message)
        return message

    def _shown(self, text: str, values: dict[str, Any], most: int) -> Shown:
        try:
            shown = read(text, values.get("parse_mode"))
        except CannotParse as error:
            raise No(400, f"Bad Request: can't parse entities: {error}") from None
        if shown.length > most:
            raise No(400, "Bad Request: message caption is too long" if most == MOST_CAPTION else TOO_LONG)
        return shown

    def _file(self, call: Call, named: Any, kind: str) -> File:
        chat = self.world.chats.get(call.values.get("chat_id", 0))
        if chat is not None and kind in chat.forbids:
            raise No(400, f"Bad Request: not enough rights to send {kind}s to the chat")
        if isinstance(named, str) and named in self.world.files:
            return self.world.files[named]
        name, content = call.files[str(named).removeprefix("attach://")]
        if kind == "photo":
            _check_photo(content)
        elif len(content) > MOST_DOCUMENT:
            raise No(413, "Request Entity Too Large")
        file = File(content, name, kind)
        self.world.files[file.id] = file
        return file


def _check_photo(content: bytes) -> None:
    if len(content) > MOST_PHOTO:
        raise No(413, "Request Entity Too Large")
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
    except OSError:
        raise No(400, "Bad Request: IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise No(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")


def _keyboard(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    if markup is None or markup == {"inline_keyboard": []}:
        return None
    for button in [each for row in markup.get("inline_keyboard", []) for each in row]:
        said = button.get("callback_data")
        if said is not None and not 1 <= len(said.encode()) <= MOST_CALLBACK:
            raise No(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup


def _deletable(message: Message) -> Message:
    if time.time() - message.at > 48 * 3600:
        raise No(400, "Bad Request: message can't be deleted for everyone")
    return message


def _snake(method: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), method)


async def _read(request: web.Request) -> Call:
    values: dict[str, Any] = {}
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type.startswith("multipart/"):
        async for part in await request.multipart():
            if part.filename is not None:
                files[part.name or ""] = (part.filename, bytes(await part.read()))
                continue
            values[part.name or ""] = _value(part.name or "", await part.text())
    else:
        values = {name: _value(name, str(text)) for name, text in (await request.post()).items()}
    for name, (_, content) in files.items():
        if name in {"photo", "document"}:
            values[name] = name
            files = files | {name: (files[name][0], content)}
    return Call(request.match_info["method"], values, files)


def _value(name: str, text: str) -> Any:
    if name in TEXTUAL and not (name == "chat_id" and text.lstrip("-").isdigit()):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
