"""The bots that share a database: what they tell one another, and who of them holds which office. No SQL."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

Message = Mapping[str, Any]
Listener = Callable[[Message], None]
Lead = Callable[[str, Callable[[], Awaitable[None]]], Coroutine[Any, Any, None]]


class Company(Protocol):
    """Run it for as long as the bot lives. What is told may be lost; whoever needs it looks again later."""

    @property
    def shared(self) -> bool:
        """Whether there may be other bots."""

    async def run(self) -> None:
        """Stay in touch, for ever."""

    def tell(self, kind: str, **values: object) -> None:
        """Tell the other bots. Never waits, never fails."""

    def listen(self, listener: Listener) -> None:
        """Let a listener hear what others tell; it must not wait."""

    async def lead(self, office: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work while holding the office, which one bot has at a time; return at its end."""


class Alone:
    """The company of a database that only one bot uses."""

    shared = False

    async def run(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    def tell(self, kind: str, **values: object) -> None:
        """There is nobody."""

    def listen(self, listener: Listener) -> None:
        """There is nothing to hear."""

    async def lead(self, office: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work."""
        await at_once(office, work)


async def at_once(_office: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work of an office for which there is nobody else."""
    await work()
