"""Which LoRAs the painter of the next job wears. No I/O: it is told what is sent and what is lost."""

from collections import deque

MOST_PAINTERS = 256


class Wardrobes:
    """What was sent lately, by the LoRAs it wears.

    Painters become free about in the order in which they were sent to, so the next job's painter wears what
    was sent as many jobs ago as there are painters: with one alone, what was sent last.
    """

    def __init__(self) -> None:
        self._sent: deque[str] = deque(maxlen=MOST_PAINTERS)

    def sent(self, wardrobe: str) -> None:
        """Note a job on its way to a painter."""
        self._sent.append(wardrobe)

    def lost(self) -> None:
        """Forget everything: a painter that starts anew wears nothing."""
        self._sent.clear()

    def next(self, painters: int) -> str:
        """Return what the next job's painter wears, "" where that is nothing or nobody knows."""
        return self._sent[-painters] if painters <= len(self._sent) else ""
