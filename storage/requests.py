"""What an Idempotency-Key was sent with, for a day. No SQL."""

from typing import Protocol

DAY_SECONDS = 24 * 3600.0


class Requests(Protocol):
    """Every verb is one transaction, like those of Store."""

    async def nonce(self, caller: str, key: str, digest: str, fresh: str, now: float) -> str | None:
        """Return what stands for this request: `fresh`, or what an earlier one of the day brought.

        None where the earlier one had another body.
        """

    async def forget(self, before: float) -> None:
        """Forget what is older."""
