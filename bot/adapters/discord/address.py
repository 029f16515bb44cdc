"""Where an answer is shown on Discord: what a post's address holds. No I/O, no discord.py."""

import json
from dataclasses import asdict, dataclass

PLATFORM = "discord"
TOKEN_SECONDS = 15 * 60.0
MARGIN_SECONDS = 20.0  # for clocks that differ and requests under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The message that answers an interaction.

    `token` edits it while it lives, counted from `born` (seconds since 1970). `member` says that the bot
    itself may write in the channel; otherwise a person brought it along as their own app. `private`
    messages are seen by `user` alone. `limit` is the largest file in bytes that Discord takes there.
    A `spoiler` is covered until it is clicked. A `further` message is not the interaction's first answer.
    """

    application: int
    token: str
    born: float
    channel: int
    message: int | None
    guild: int | None
    user: int
    private: bool
    member: bool
    limit: int
    spoiler: bool = False
    further: bool = False

    def text(self) -> str:
        """Return JSON for a post, the inverse of `read`."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> "Address":
        """Build the address that `text` wrote."""
        return cls(**json.loads(text))

    def token_lives(self, now: float) -> bool:
        """Say whether the token can still be expected to work."""
        return now < self.born + TOKEN_SECONDS - MARGIN_SECONDS
