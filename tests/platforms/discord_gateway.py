"""The loopback Discord's gateway: sessions that are identified, fed, dropped and resumed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.platforms.discord_world import Guild, User, snowflake

HEARTBEAT_MS = 41_250


@dataclass
class Session:
    shard: int
    shards: int
    id: str = field(default_factory=lambda: f"session-{snowflake()}")
    sent: list[dict[str, Any]] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None


class Gateway:
    """One socket per shard. What happens while it is down is told on resuming."""

    def __init__(self, bot: User, token: str, guilds: list[Guild], changed: Callable[[], None]) -> None:
        self.bot = bot
        self.url = ""
        self.sessions: list[Session] = []
        self.identified = 0
        self.resumed = 0
        self.intents = 0
        self.refusing = False
        self._token = token
        self._guilds = guilds
        self._changed = changed
        self._sends: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return any(session.socket is not None for session in self.sessions)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        if self.refusing:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": HEARTBEAT_MS}, "s": None, "t": None})
        session: Session | None = None
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                session = await self._heard(socket, json.loads(message.data)) or session
        if session is not None and session.socket is socket:
            session.socket = None
            self._changed()
        return socket

    async def _heard(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> Session | None:
        match frame["op"]:
            case 1:
                await socket.send_json({"op": 11, "d": None, "s": None, "t": None})
            case 2:
                return await self._identify(socket, frame["d"])
            case 6:
                return await self._resume(socket, frame["d"])
        return None

    async def _identify(self, socket: web.WebSocketResponse, wish: dict[str, Any]) -> Session | None:
        if wish["token"] != self._token:
            await socket.close(code=4004)
            return None
        self.identified += 1
        self.intents, self.presence = wish["intents"], wish.get("presence")
        shard, shards = wish.get("shard", [0, 1])
        self.sessions = [old for old in self.sessions if old.shard != shard]
        self.sessions.append(session := Session(shard, shards, socket=socket))
        guilds = [guild for guild in self._guilds if guild.joined and _home(guild, shards) == shard]
        await self._tell(session, "READY", self._ready(session, guilds))
        for guild in guilds:
            await self._tell(session, "GUILD_CREATE", guild.payload(self.bot))
        self._changed()
        return session

    def _ready(self, session: Session, guilds: list[Guild]) -> dict[str, Any]:
        return {
            "v": 10,
            "user": self.bot.payload(),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [session.shard, session.shards],
            "application": {"id": self.bot.id, "flags": 0},
        }

    async def _resume(self, socket: web.WebSocketResponse, wish: dict[str, Any]) -> Session | None:
        session = next((each for each in self.sessions if each.id == wish["session_id"]), None)
        if session is None:
            await socket.send_json({"op": 9, "d": False, "s": None, "t": None})
            return None
        self.resumed += 1
        session.socket = socket
        for frame in list(session.sent):
            if frame["s"] > wish["seq"]:
                await socket.send_json(frame)
        await self._tell(session, "RESUMED", {})
        self._changed()
        return session

    async def _tell(self, session: Session, event: str, content: dict[str, Any]) -> None:
        frame = {"op": 0, "t": event, "s": len(session.sent) + 1, "d": content}
        session.sent.append(frame)
        if session.socket is not None and not session.socket.closed:
            await session.socket.send_json(frame)

    def dispatch(self, event: str, content: dict[str, Any], guild: Guild | None = None) -> None:
        """Tell the shard that a guild belongs to; direct messages belong to the first."""
        session = next(each for each in self.sessions if each.shard == _home(guild, each.shards))
        task = asyncio.create_task(self._tell(session, event, content))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def drop(self) -> None:
        """Cut every socket; the sessions can be resumed."""
        for session in self.sessions:
            if session.socket is not None:
                socket, session.socket = session.socket, None
                await socket.close(code=4000)

    async def invalidate(self) -> None:
        """Forget every session: the bot has to identify again."""
        sessions, self.sessions = self.sessions, []
        for session in sessions:
            if session.socket is not None:
                await session.socket.send_json({"op": 9, "d": False, "s": None, "t": None})


def _home(guild: Guild | None, shards: int) -> int:
    return (int(guild.id) >> 22) % shards if guild is not None else 0
