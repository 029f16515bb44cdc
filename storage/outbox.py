"""Messages to other people's servers, as values, and the verbs that keep them. No SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is to be told about a job's end. Times are seconds since 1970.

    `key` is the API key whose secret signs it. `ending` is None while it is still tried.
    """

    id: str
    job: str
    key: str
    url: str
    body: str
    created_at: float
    due_at: float
    tries: int = 0
    ending: Literal["delivered", "given_up"] | None = None
    last_answer: str = ""


class Outbox(Protocol):
    """Every verb is one transaction, like those of Store."""

    async def add(self, message: Message) -> None:
        """Keep a message; the same id twice is once."""

    async def due(self, now: float, limit: int) -> Sequence[Message]:
        """Return messages whose time has come, longest waiting first."""

    async def next_due(self) -> float | None:
        """Return when the next message is due, None where none waits."""

    async def ended(self, id: str, ending: Literal["delivered", "given_up"], answer: str, now: float) -> None:
        """Remember that a message is not tried any more, and the last answer."""

    async def again(self, id: str, due_at: float, answer: str) -> None:
        """Remember a failed try and when the next one is."""

    async def of_job(self, job: str) -> Message | None:
        """Return the message about a job."""

    async def forget(self, before: float) -> None:
        """Forget messages that ended before a time."""
