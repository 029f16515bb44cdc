"""The loopback Discord's REST side: what a bot may call, answered as Discord answers it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.platforms.discord_faults import Fault, reply
from tests.platforms.discord_schema import complaints
from tests.platforms.discord_world import EPHEMERAL, Channel, Interaction, Message, User, snowflake

VERSION = "/api/v10"
THINKING, REPLY, UPDATE_LATER, UPDATE, MODAL = 5, 4, 6, 7, 9
MOST_OF_GUESTS = 5  # follow-ups to one interaction where the bot is no member
Answer = Callable[["Call", re.Match[str]], Awaitable[web.Response]]


@dataclass
class Call:
    """One request as it came, in order of arrival."""

    method: str
    path: str
    body: Any
    files: dict[int, tuple[str, bytes]]
    authorization: str
    status: int = 0
    complaints: list[str] = field(default_factory=list)
    at: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class World:
    """Everything the REST side reads and writes."""

    bot: User
    token: str
    owner: User | None = None
    channels: dict[str, Channel] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    interactions: dict[str, Interaction] = field(default_factory=dict)  # by token
    commands: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by guild id, "" is everywhere
    cdn: str = ""
    uploads_most: int = 10 * 2**20
    edits_forbidden: bool = False
    my_guilds: list[dict[str, Any]] = field(default_factory=list)


class Rest:
    """Routes, faults and the record of calls."""

    def __init__(self, world: World, changed: Callable[[], None]) -> None:
        self.world = world
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.gateway_url = ""
        self.shards = 1
        self.fetched = 0  # files
        self.checking = True  # against Discord's description, which takes longer than answering
        self._changed = changed
        self._routes = [(re.compile(pattern), answer) for pattern, answer in self._table()]

    def _table(self) -> list[tuple[str, Answer]]:
        hook = r"/webhooks/\d+/(?P<token>[^/]+)"
        return [
            (r"GET /gateway/bot", self._gateway),
            (r"GET /users/@me", self._me),
            (r"GET /users/@me/guilds", self._my_guilds),
            (r"GET /oauth2/applications/@me", self._application),
            (r"POST /users/@me/channels", self._open_direct),
            (r"PUT /applications/\d+/commands", self._sync),
            (r"PUT /applications/\d+/guilds/(?P<guild>\d+)/commands", self._sync),
            (r"POST /interactions/\d+/(?P<token>[^/]+)/callback", self._callback),
            (rf"POST {hook}", self._follow_up),
            (rf"(?P<verb>GET|PATCH|DELETE) {hook}/messages/(?P<message>[^/]+)", self._by_token),
            (r"POST /channels/(?P<channel>\d+)/messages", self._post),
            (r"(?P<verb>GET|PATCH|DELETE) /channels/\d+/messages/(?P<message>\d+)", self._by_bot),
        ]

    async def handle(self, request: web.Request) -> web.Response:
        try:
            call = await _read(request)
        except ConnectionResetError:  # the bot went away in the middle of its call
            return _no(400, 0, "cut off")
        self.calls.append(call)
        self._changed()
        response = await self._answer(call)
        call.status = response.status
        response.headers.setdefault("X-RateLimit-Limit", "50")
        response.headers.setdefault("X-RateLimit-Remaining", "49")
        response.headers.setdefault("X-RateLimit-Reset-After", "1.0")
        self._changed()
        return response

    async def file(self, request: web.Request) -> web.Response:
        """Give a file as its address on Discord's servers would."""
        number = request.match_info["number"]
        for message in self.world.messages.values():
            if number in message.files:
                self.fetched += 1
                return web.Response(body=message.files[number])
        raise web.HTTPNotFound

    async def _answer(self, call: Call) -> web.Response:
        for fault in self.faults:
            if fault.takes(call.name) and (response := await fault.strike()) is not None:
                return response
        if self.checking and call.body is not None:
            call.complaints = complaints(call.method, call.path, call.body)
        if call.complaints:
            return _no(400, 50035, "; ".join(call.complaints))
        if any(len(content) > self.world.uploads_most for _, content in call.files.values()):
            return _no(413, 40005, "Request entity too large")
        for pattern, answer in self._routes:
            if match := pattern.fullmatch(call.name):
                return await answer(call, match)
        return _no(404, 0, f"404: Not Found: {call.name}")

    # ── the bot itself ────────────────────────────────────────────────────────────────────────────

    async def _gateway(self, _call: Call, _match: re.Match[str]) -> web.Response:
        limits = {"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1}
        return reply({"url": self.gateway_url, "shards": self.shards, "session_start_limit": limits})

    async def _me(self, call: Call, _match: re.Match[str]) -> web.Response:
        if call.authorization != f"Bot {self.world.token}":
            return _no(401, 0, "401: Unauthorized")
        return reply(self.world.bot.payload())

    async def _my_guilds(self, _call: Call, _match: re.Match[str]) -> web.Response:
        return reply(self.world.my_guilds)

    async def _application(self, _call: Call, _match: re.Match[str]) -> web.Response:
        return reply(
            {
                "id": self.world.bot.id,
                "name": "Pinxit",
                "icon": None,
                "description": "",
                "rpc_origins": [],
                "bot_public": True,
                "bot_require_code_grant": False,
                "owner": (self.world.owner or self.world.bot).payload(),
                "summary": "",
                "verify_key": "0" * 64,
                "team": None,
                "flags": 0,
            }
        )

    async def _sync(self, call: Call, match: re.Match[str]) -> web.Response:
        guild = match.groupdict().get("guild", "")
        stored = [
            {
                "id": snowflake(),
                "application_id": self.world.bot.id,
                "version": snowflake(),
                "default_member_permissions": None,
                "type": 1,
                "description": "",
                **command,
            }
            for command in call.body
        ]
        self.world.commands[guild] = stored
        return reply(stored)

    async def _open_direct(self, call: Call, _match: re.Match[str]) -> web.Response:
        user = self.world.users[str(call.body["recipient_id"])]
        channel = next((each for each in self.world.channels.values() if each.recipient is user), None)
        if channel is None:
            channel = Channel("direct", None, 1, user)
            self.world.channels[channel.id] = channel
        return reply(channel.payload())

    # ── interactions ──────────────────────────────────────────────────────────────────────────────

    async def _callback(self, call: Call, match: re.Match[str]) -> web.Response:
        interaction = self.world.interactions.get(match["token"])
        if interaction is None or interaction.expired:
            return _no(404, 10062, "Unknown interaction")
        if interaction.answer is not None:
            return _no(400, 40060, "Interaction has already been acknowledged.")
        interaction.answer = call.body["type"]
        content = call.body.get("data") or {}
        match call.body["type"]:
            case 5 | 4:
                interaction.original = self._new(interaction.channel, content.get("flags", 0))
                interaction.original.loading = call.body["type"] == THINKING
                interaction.original.asked_by = interaction.by
                if call.body["type"] == REPLY:
                    interaction.original.write(content, call.files)
            case 6:
                interaction.original = interaction.source
            case 7:
                interaction.original = interaction.source
                assert interaction.source is not None
                interaction.source.write(content, call.files)
            case 8:
                interaction.choices = content["choices"]
                return reply({"interaction": {"id": interaction.id, "type": interaction.kind}})
            case 9:
                interaction.modal = content
        return reply(_callback_payload(interaction))

    async def _follow_up(self, call: Call, match: re.Match[str]) -> web.Response:
        interaction = self._living(match["token"])
        if interaction is None:
            return _no(401, 50027, "Invalid Webhook Token")
        original = interaction.original
        if original is not None and original.loading and original.deleted:
            return _no(404, 10008, "Unknown Message")
        if original is not None and original.loading:
            original.write(call.body, call.files)  # fills what is still thinking, ephemeral or not
            return reply(original.payload())
        if interaction.by_guest and len(interaction.follow_ups) >= MOST_OF_GUESTS:
            return _no(400, 40094, "This interaction has hit the maximum number of follow up messages")
        message = self._new(interaction.channel, call.body.get("flags", 0))
        message.write(call.body, call.files)
        interaction.follow_ups.append(message)
        return reply(message.payload())

    async def _by_token(self, call: Call, match: re.Match[str]) -> web.Response:
        interaction = self._living(match["token"])
        if interaction is None:
            return _no(401, 50027, "Invalid Webhook Token")
        wanted = match["message"]
        if wanted in {"@original", "%40original"}:
            message = interaction.original
        else:
            own = [interaction.original, *interaction.follow_ups]
            message = next((each for each in own if each is not None and each.id == wanted), None)
        return self._change(call, message)

    def _living(self, token: str) -> Interaction | None:
        interaction = self.world.interactions.get(token)
        return None if interaction is None or interaction.expired else interaction

    # ── the bot's own messages ────────────────────────────────────────────────────────────────────

    async def _post(self, call: Call, match: re.Match[str]) -> web.Response:
        channel = self.world.channels.get(match["channel"])
        if channel is None:
            return _no(404, 10003, "Unknown Channel")
        if channel.guild is not None and not channel.guild.joined:
            return _no(403, 50001, "Missing Access")
        if channel.recipient is not None and not channel.recipient.takes_direct_messages:
            return _no(403, 50007, "Cannot send messages to this user")
        nonce = str(call.body.get("nonce", "")) or None
        twin = next((each for each in self.world.messages.values() if nonce and each.nonce == nonce), None)
        if twin is not None and call.body.get("enforce_nonce"):
            return reply(twin.payload())
        message = self._new(channel, call.body.get("flags", 0))
        message.nonce = nonce
        message.write(call.body, call.files)
        return reply(message.payload())

    async def _by_bot(self, call: Call, match: re.Match[str]) -> web.Response:
        message = self.world.messages.get(match["message"])
        if message is not None and message.ephemeral:
            message = None
        if message is not None and message.channel.guild is not None and not message.channel.guild.joined:
            return _no(403, 50001, "Missing Access")
        return self._change(call, message)

    def _change(self, call: Call, message: Message | None) -> web.Response:
        if message is None or message.deleted:
            return _no(404, 10008, "Unknown Message")
        match call.method:
            case "PATCH":
                message.edited = not message.loading
                message.write(call.body, call.files)
            case "DELETE":
                message.deleted = True
                return web.Response(status=204)
        return reply(message.payload())

    def _new(self, channel: Channel, flags: int) -> Message:
        message = Message(channel, self.world.bot, flags=flags & EPHEMERAL, cdn=self.world.cdn)
        self.world.messages[message.id] = message
        return message


def _callback_payload(interaction: Interaction) -> dict[str, Any]:
    told: dict[str, Any] = {"id": interaction.id, "type": interaction.kind}
    resource: dict[str, Any] = {"type": interaction.answer}
    original = interaction.original
    if original is not None and interaction.answer != MODAL:
        told["response_message_id"] = original.id
        told["response_message_loading"] = original.loading
        told["response_message_ephemeral"] = original.ephemeral
        if interaction.answer in (REPLY, UPDATE):
            resource["message"] = original.payload()
    return {"interaction": told, "resource": resource}


def _no(status: int, code: int, message: str) -> web.Response:
    return reply({"code": code, "message": message}, status)


async def _read(request: web.Request) -> Call:
    body: Any = None
    files: dict[int, tuple[str, bytes]] = {}
    if request.content_type.startswith("multipart/"):
        async for part in await request.multipart():
            if part.name == "payload_json":
                body = json.loads(await part.text())
            elif found := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
                files[int(found[1])] = (part.filename or "", bytes(await part.read()))
    elif request.can_read_body:
        body = await request.json()
    path = request.path.removeprefix(VERSION)
    return Call(request.method, path, body, files, request.headers.get("Authorization", ""))
