"""Thins what is said while a picture is drawn. No I/O: told the time."""


class Throttle:
    """Lets one through per interval; the end always passes."""

    def __init__(self, interval_seconds: float) -> None:
        self._interval = interval_seconds
        self._next_at = float("-inf")

    def admits(self, step: int, steps: int, now: float) -> bool:
        """Say whether this step is to be shown."""
        if now < self._next_at and step < steps:
            return False
        self._next_at = now + self._interval
        return True
