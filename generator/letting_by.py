"""Whether a long request lets a short one by between two of its steps. No I/O: told all seconds.

Both bounds are chosen by the mixed load of `generator.bench`, reckoned with 0.2, 0.62 and 1.8 seconds for its
three sizes, at 0.5 orders a second. With them one in a hundred of the small pictures waits longer than 3.5 s
instead of 6.5 s, and sets of four large ones end 20 % later in the mean. With a quarter of what is left for
SHORT it is 4.2 s and 12 %, with all of it 3.5 s and 24 %; with twice LATER 3.3 s and 22 %.
"""

from collections.abc import Callable
from dataclasses import dataclass

from generator.recipe import Recipe

PLACES = 2  # one is drawn, one waits: so the next starts without a round trip, and no queue grows there
SHORT = 0.5  # of the seconds that are left of the long one: what it lets by takes at most so much
LATER = 0.5  # of its own seconds: by so much it ends later at most, whoever it lets by


def dressed_alike(one: Recipe, other: Recipe) -> bool:
    """Whether both wear the same LoRAs, by content: nothing is put on in the middle of a picture."""
    return one.worn == other.worn and all(lora.sha256 for lora in one.worn)


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
