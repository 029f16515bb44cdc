"""What exists on the loopback Discord: people, places, messages, and the payloads they are told in.

No I/O: `discord_rest` and `discord_gateway` carry it.
"""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

EPHEMERAL = 1 << 6
SELECTS = {3, 5, 6, 7, 8}
VOICE, THREAD, FORUM = 2, 11, 15
DISCORD_EPOCH_MS = 1_420_070_400_000

MANAGE_GUILD = 1 << 5
VIEW_CHANNEL, SEND_MESSAGES, MANAGE_MESSAGES, ATTACH_FILES = 1 << 10, 1 << 11, 1 << 13, 1 << 15
READ_HISTORY, SEND_IN_THREADS = 1 << 16, 1 << 38
USUAL = VIEW_CHANNEL | SEND_MESSAGES | ATTACH_FILES | READ_HISTORY | SEND_IN_THREADS

_clock = itertools.count(1)


def snowflake() -> str:
    """Return the next id: unique, rising, and of a time in 2025."""
    return str((1_740_000_000_000 - DISCORD_EPOCH_MS << 22) + next(_clock))


def now_text() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


@dataclass
class User:
    name: str
    bot: bool = False
    id: str = field(default_factory=snowflake)
    takes_direct_messages: bool = True

    def payload(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name.title(),
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


@dataclass
class Channel:
    name: str
    guild: Guild | None = None
    type: int = 0  # 0 text, 1 direct message, 3 group, 11 thread
    recipient: User | None = None
    id: str = field(default_factory=snowflake)
    age_restricted: bool = False
    parent: Channel | None = None

    def payload(self) -> dict[str, Any]:
        common = {"id": self.id, "type": self.type, "flags": 0, "last_message_id": None}
        if self.guild is None:
            recipients = [self.recipient.payload()] if self.recipient else []
            return common | {"recipients": recipients, "name": self.name}
        return common | {
            "guild_id": self.guild.id,
            "name": self.name,
            "position": 0,
            "permission_overwrites": [],
            "nsfw": self.age_restricted,
            "parent_id": self.parent.id if self.parent else None,
            "topic": None,
            "rate_limit_per_user": 0,
            **(self._thread() if self.type == THREAD else {}),
            **({"bitrate": 64000, "user_limit": 0} if self.type == VOICE else {}),
            **({"available_tags": []} if self.type == FORUM else {}),
        }

    def _thread(self) -> dict[str, Any]:
        told = {
            "archived": False,
            "auto_archive_duration": 60,
            "archive_timestamp": now_text(),
            "locked": False,
        }
        return {
            "owner_id": "1",
            "message_count": 0,
            "member_count": 1,
            "thread_metadata": told,
        }


@dataclass
class Guild:
    name: str
    id: str = field(default_factory=snowflake)
    allows: int = USUAL  # what everybody may, the bot too
    joined: bool = True  # whether the bot is a member; otherwise people bring it as their own app
    channels: list[Channel] = field(default_factory=list)
    roles: list[dict[str, Any]] = field(default_factory=list)

    def channel(self, name: str, type: int = 0) -> Channel:
        self.channels.append(channel := Channel(name, self, type))
        return channel

    def role(self, name: str) -> str:
        self.roles.append(everyone(snowflake()) | {"name": name, "position": len(self.roles) + 1})
        return self.roles[-1]["id"]

    def payload(self, bot: User) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "unavailable": False,
            "member_count": 2,
            "large": False,
            "joined_at": now_text(),
            "owner_id": "1",
            "premium_tier": 0,
            "preferred_locale": "en-US",
            "features": [],
            "emojis": [],
            "stickers": [],
            "threads": [],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "roles": [everyone(self.id) | {"permissions": str(self.allows)}, *self.roles],
            "members": [self.member(bot, USUAL)],
            "channels": [channel.payload() for channel in self.channels],
        }

    def member(self, user: User, permissions: int, roles: Iterable[str] = ()) -> dict[str, Any]:
        return {
            "user": user.payload(),
            "nick": None,
            "avatar": None,
            "roles": list(roles),
            "joined_at": now_text(),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "permissions": str(permissions),
        }


def everyone(guild: str) -> dict[str, Any]:
    return {
        "id": guild,
        "name": "@everyone",
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": 0,
        "permissions": str(USUAL),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


@dataclass
class Message:
    """One message as it stands, and everything it ever showed."""

    channel: Channel
    author: User
    id: str = field(default_factory=snowflake)
    content: str = ""
    embeds: list[Any] = field(default_factory=list)
    components: list[Any] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)  # by attachment id
    cdn: str = "https://cdn.invalid"
    asked_by: User | None = None  # whose command it answers
    flags: int = 0
    loading: bool = False
    deleted: bool = False
    edited: bool = False
    nonce: str | None = None
    seen: list[str] = field(default_factory=list)  # every content in order

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def buttons(self) -> dict[str, str]:
        """Labels to custom ids."""
        parts = [part for row in self.components for part in row["components"] if part["type"] == 2]
        return {part["label"]: part["custom_id"] for part in parts if not part.get("disabled")}

    @property
    def selects(self) -> list[dict[str, Any]]:
        return [part for row in self.components for part in row["components"] if part["type"] in SELECTS]

    @property
    def pictures(self) -> list[bytes]:
        return [self.files[attachment["id"]] for attachment in self.attachments]

    def _asked(self, by: User) -> dict[str, Any]:
        return {"id": self.id, "type": 2, "user": by.payload(), "authorizing_integration_owners": {}}

    def write(self, body: dict[str, Any], files: dict[int, tuple[str, bytes]]) -> None:
        """Show what a request says; what it does not name stays."""
        self.loading = False
        self.content = body.get("content", self.content) or ""
        self.embeds = body.get("embeds", self.embeds) or []
        self.components = body.get("components", self.components) or []
        self._attach(body, files)
        self.seen.append(self.content)

    def _attach(self, body: dict[str, Any], files: dict[int, tuple[str, bytes]]) -> None:
        named = {str(entry["id"]): entry for entry in body.get("attachments") or []}
        if "attachments" in body:
            self.attachments = [old for old in self.attachments if old["id"] in named]
        for index, (name, content) in files.items():
            entry = named.get(str(index), {})
            self.attachments.append(
                attachment(self.cdn, entry.get("filename", name), content, entry.get("description"))
            )
            self.files[self.attachments[-1]["id"]] = content

    def payload(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": 0,
            "channel_id": self.channel.id,
            "author": self.author.payload(),
            "content": self.content,
            "embeds": self.embeds,
            "components": self.components,
            "attachments": self.attachments,
            "flags": self.flags | (1 << 7 if self.loading else 0),
            "timestamp": now_text(),
            "edited_timestamp": now_text() if self.edited else None,
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
            "application_id": self.author.id,
            "webhook_id": self.author.id,
            **({"nonce": self.nonce} if self.nonce else {}),
            **({"interaction_metadata": self._asked(self.asked_by)} if self.asked_by else {}),
        }


def attachment(cdn: str, name: str, content: bytes, description: str | None) -> dict[str, Any]:
    number = snowflake()
    return {
        "id": number,
        "filename": name,
        "size": len(content),
        "url": f"{cdn}/{number}/{name}",
        "proxy_url": f"{cdn}/{number}/{name}",
        "description": description,
        "content_type": "image/png",
    }


@dataclass
class Interaction:
    """One press of a key or button by somebody, and how it was answered."""

    kind: int  # 2 command, 3 component, 4 autocompletion, 5 modal
    by: User
    channel: Channel
    data: dict[str, Any]
    permissions: int = USUAL
    app_permissions: int = USUAL
    roles: tuple[str, ...] = ()
    locale: str = "en-US"
    file_limit: int = 10 * 2**20
    source: Message | None = None  # the message whose component was used
    token: str = field(default_factory=lambda: f"token-{snowflake()}")
    id: str = field(default_factory=snowflake)
    answer: int | None = None  # the callback's type
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None  # what an autocompletion offers
    original: Message | None = None  # what @original is
    follow_ups: list[Message] = field(default_factory=list)
    expired: bool = False
    at: float = field(default_factory=time.monotonic)

    def payload(self, application: str) -> dict[str, Any]:
        guild = self.channel.guild
        common: dict[str, Any] = {
            "id": self.id,
            "application_id": application,
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel": self.channel.payload(),
            "channel_id": self.channel.id,
            "app_permissions": str(self.app_permissions),
            "locale": self.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": self.file_limit,
            "authorizing_integration_owners": self._owners(),
            "context": 0 if guild else 1 if self.channel.type == 1 else 2,
        }
        if self.source is not None:
            common["message"] = self.source.payload()
        if guild is None:
            return common | {"user": self.by.payload()}
        partial = {"id": guild.id, "locale": "en-US", "features": []}
        member = guild.member(self.by, self.permissions, self.roles)
        return common | {
            "guild_id": guild.id,
            "guild": partial,
            "guild_locale": "en-US",
            "member": member,
        }

    @property
    def by_guest(self) -> bool:
        """Say whether a person brought the bot along to where it is no member."""
        return "1" in self._owners()

    def _owners(self) -> dict[str, str]:
        guild = self.channel.guild
        if guild is None:
            return {"0": "0"} if self.channel.type == 1 else {"1": self.by.id}
        return {"0": guild.id} if guild.joined else {"1": self.by.id}
