"""What exists on the loopback Telegram: people, chats, messages, and their payloads. No I/O."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.telegram_markup import Shown

_people, _groups, _files = itertools.count(1001), itertools.count(5001), itertools.count(1)


@dataclass(eq=False)
class User:
    name: str
    language: str | None = "en"
    id: int = field(default_factory=lambda: next(_people))
    bot: bool = False
    started: bool = True  # whether the bot may write to this person
    blocks: bool = False

    def payload(self) -> dict[str, Any]:
        told = {"id": self.id, "is_bot": self.bot, "first_name": self.name.title(), "username": self.name}
        if self.language is not None:
            told["language_code"] = self.language
        return told


@dataclass(eq=False)
class Chat:
    """A private chat has its person's id. `topics` are open (True) or closed; `administrators` by id."""

    id: int
    type: str = "private"
    title: str = ""
    person: User | None = None
    forum: bool = False
    topics: dict[int, bool] = field(default_factory=dict)
    administrators: set[int] = field(default_factory=set)
    kicked: bool = False
    may_not: str = ""  # the description of the 400 that every message gets
    forbids: set[str] = field(default_factory=set)  # kinds of files
    migrated_to: int | None = None
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def permissions(self) -> dict[str, bool]:
        """Return what everybody may."""
        kinds = ("message", "photo", "document", "audio", "video", "video_note", "voice_note")
        return {f"can_send_{kind}s": kind not in self.forbids for kind in kinds}

    def payload(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": self.id, "type": self.type}
        if self.person is not None:
            return told | {"first_name": self.person.name.title(), "username": self.person.name}
        told["title"] = self.title
        return told | ({"is_forum": True} if self.forum else {})


def group(title: str = "Painters") -> Chat:
    return Chat(-next(_groups), "group", title)


def supergroup(title: str = "Painters", *, forum: bool = False) -> Chat:
    return Chat(-1_000_000_000_000 - next(_groups), "supergroup", title, forum=forum)


@dataclass
class File:
    """An uploaded file, which its id leads back to."""

    content: bytes
    name: str
    kind: str
    id: str = field(default_factory=lambda: f"file{next(_files)}")

    def payload(self) -> dict[str, Any]:
        told = {"file_id": self.id, "file_unique_id": f"u{self.id}", "file_size": len(self.content)}
        return told | ({"width": 16, "height": 16} if self.kind == "photo" else {"file_name": self.name})


@dataclass(eq=False)
class Message:
    """One message. `seen` are the texts it has shown, oldest first."""

    chat: Chat
    sender: User
    id: int
    shown: Shown = field(default_factory=lambda: Shown(""))
    file: File | None = None
    markup: dict[str, Any] | None = None
    thread: int | None = None
    album: str | None = None
    reply_to: Message | None = None
    deleted: bool = False
    edited: bool = False
    invoice: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    at: float = field(default_factory=time.time)

    @property
    def text(self) -> str:
        return self.shown.text

    @property
    def buttons(self) -> dict[str, str]:
        """The callback data by label."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return {button["text"]: button.get("callback_data", "") for row in rows for button in row}

    def look(self) -> tuple[Any, ...]:
        """Return what an edit must change."""
        return (self.shown, self.file.id if self.file else None, self.markup)

    def _entities(self) -> Iterator[dict[str, Any]]:
        """Yield where the marked words stand."""
        for kind, words in self.shown.entities:
            before = self.text[: max(self.text.find(words), 0)]
            if kind != "text_link":
                yield {"type": kind, "offset": utf16(before), "length": utf16(words)}

    def payload(self, *, deep: bool = True) -> dict[str, Any]:
        told: dict[str, Any] = {
            "message_id": self.id,
            "date": int(self.at),
            "chat": self.chat.payload(),
            "from": self.sender.payload(),
            **self.extra,
        }
        if self.thread is not None:
            told |= {"message_thread_id": self.thread}
            if self.chat.forum:
                told["is_topic_message"] = True
        if self.file is None:
            if self.text:
                told["text"] = self.text
                told["entities"] = list(self._entities())
        else:
            told[self.file.kind] = [self.file.payload()] if self.file.kind == "photo" else self.file.payload()
            if self.text:
                told["caption"] = self.text
        if self.album:
            told["media_group_id"] = self.album
        if self.markup is not None and "inline_keyboard" in self.markup:
            told["reply_markup"] = self.markup
        if self.reply_to is not None and deep:
            told["reply_to_message"] = self.reply_to.payload(deep=False)
        return told


def utf16(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2
