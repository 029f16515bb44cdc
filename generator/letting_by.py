"""Whether a long request lets a short one by between two of its steps. No I/O: told all seconds."""

from collections.abc import Callable
from dataclasses import dataclass

PLACES = 2  # one is drawn, one waits: so the next starts without a round trip, and no queue grows there
SHORT = 0.5  # of the seconds that are left of the long one: what it lets by takes at most so much
LATER = 0.5  # of its own seconds: by so much it ends later at most, whoever it lets by


@dataclass(slots=True)
class Drawing:
    """A request that is expected to take so many `seconds`. With 0, for unknown, it lets nobody by."""

    seconds: float
    spent: float = 0.0  # on those that it has let by

    def lets_by(self, seconds: float, left: float) -> bool:
        """Say whether it does so for one of so many seconds while the part `left` of it is still to be drawn.

        Of whom the seconds are unknown, 0, nobody makes way for.
        """
        return 0 < seconds <= min(SHORT * left * self.seconds, LATER * self.seconds - self.spent)

    def has_let_by(self, expected: float, taken: float) -> None:
        """Count one that was let by, as whatever is more: so wrong expectations do not add up."""
        self.spent += max(expected, taken)


@dataclass(frozen=True, slots=True)
class Others:
    """Those who may be drawn between two steps. Both functions are told what part of the steps is left there.

    `come` says whether somebody is going to be let by, `let_by` returns once nobody is any more.
    """

    come: Callable[[float], bool] = lambda _left: False
    let_by: Callable[[float], None] = lambda _left: None


NOBODY = Others()
