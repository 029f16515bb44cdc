"""Growing pauses after failures, forgotten at the first success. No I/O: told the time and the dice."""

import random

FIRST_SECONDS, LONGEST_SECONDS = 0.2, 5.0


class BackOff:
    """A circuit breaker: open for a growing, jittered pause after each failure in a row."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._failures = 0
        self._open_until = float("-inf")

    @property
    def troubled(self) -> bool:
        """Whether the last attempt failed: send one at a time, to probe."""
        return self._failures > 0

    def failed(self, now: float) -> None:
        """Count a failure and pause."""
        pause = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failures, 16))
        self._failures += 1
        self._open_until = now + pause * self._dice.uniform(0.5, 1.0)

    def succeeded(self) -> None:
        """Forget all failures."""
        self._failures = 0
        self._open_until = float("-inf")

    def wait_seconds(self, now: float) -> float:
        """Return how long to wait before the next attempt; 0 for now."""
        return max(0.0, self._open_until - now)
