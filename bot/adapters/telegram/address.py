"""Where an answer is shown on Telegram: what a post's address holds. No I/O, no python-telegram-bot."""

import json
from dataclasses import asdict, dataclass

from storage.records import Rung

PLATFORM = "telegram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The message of a job, in a chat, or the `inline` message that was sent by a person in any chat.

    `message` is None until it was sent. `thread` is the forum topic, `answers` the message that asked,
    `album` the pictures beside the message where there are several. `document` says that files shall come
    as they are (`staged` is one that Telegram has already), `spoiler` that pictures are covered until they
    are tapped. `rung` is where on the delivery ladder the message stands.
    """

    chat: int
    user: int
    thread: int | None = None
    message: int | None = None
    answers: int | None = None
    album: tuple[int, ...] = ()
    inline: str | None = None
    staged: str | None = None
    document: bool = False
    spoiler: bool = False
    rung: Rung = Rung.EDITED

    def text(self) -> str:
        """Return JSON for a post, the inverse of `read`."""
        return json.dumps(
            {name: value for name, value in asdict(self).items() if value}, separators=(",", ":")
        )

    @classmethod
    def read(cls, text: str) -> "Address":
        """Build the address that `text` wrote."""
        kept = json.loads(text)
        return cls(**kept | {"album": tuple(kept.get("album", ())), "rung": Rung(kept["rung"])})

    @property
    def private(self) -> bool:
        """Whether this is the chat of one person with the bot, which has the person's number."""
        return self.chat == self.user and self.has_person

    @property
    def has_person(self) -> bool:
        """Whether somebody can be written to alone; a group's number stands for anonymous administrators."""
        return self.user > 0
