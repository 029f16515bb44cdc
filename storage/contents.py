"""Which files are needed, where several bots keep and remove them. No SQL.

Files lie under their SHA-256, so the one that a bot removes may be the one that another has just written
and is about to refer to. Therefore whoever keeps a content says so before writing it, and takes that back
when something refers to it, or nothing will; and nobody removes what is needed or expected, nor lets
anybody expect it while removing.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

Remove = Callable[[Sequence[str]], Awaitable[None]]


class Contents(Protocol):
    """Any verb may raise StorageError."""

    async def expect(self, hashes: Sequence[str]) -> str:
        """Say that contents are about to be written and referred to; return what this is taken back by.

        Waits while another bot removes one of them. Taken back or not, it ends after an hour.
        """

    async def let_go(self, hashes: Sequence[str], remove: Remove, expected: str = "") -> int:
        """Take back what was `expected`, and `remove` the contents that nothing needs; return how many.

        `remove` may be called again.
        """
