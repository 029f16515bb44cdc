"""The queue's arithmetic: start-time fair queueing. No I/O: engines feed it what they read.

Time on the card is shared out in virtual seconds. Every queued job carries a tag, the virtual time at
which it starts; the smallest tag is drawn next. The clock shows the tag of the job drawn last. An
account's `finish` is the virtual time at which its next job could start, so:

* an account that has been idle starts at the clock: it has saved up nothing and owes nothing;
* each job moves its account's finish on by its cost divided by the account's weight, so a hundred jobs
  of one account lie far behind one another, and a newcomer's job lands before most of them;
* no job waits for ever, because every other account's tags grow past its own.
"""

import math
from collections.abc import Iterable

HOT_WINDOW_SECONDS = 5.0
"""How far behind the first in line, in virtual seconds, somebody may stand who is drawn before because the
LoRAs of their job are on already, or in one batch with another's. So an account gains or loses five seconds
at most, once, not a share."""
LONGEST_SKIP_SECONDS = 60.0
"""Who has waited for so long is not passed over any more."""


def start_tag(clock: float, finish: float) -> float:
    """Return the virtual time at which an account's next job starts."""
    return max(clock, finish)


def charge(cost_seconds: float, weight: float) -> float:
    """Return how far a job of this cost moves its account's finish on."""
    return cost_seconds / weight


def correction(charged: float, draw_seconds: float, weight: float) -> float:
    """Return what must be added to the charge of a drawn job, whose real cost is known now."""
    return draw_seconds / weight - charged if math.isfinite(draw_seconds) else 0.0


def allowed_shift(wished: float, clock: float, next_tag: float | None) -> float:
    """Return how far an account's later tags (the first is `next_tag`) and its finish may move.

    Nothing moves back past the clock: that would be saving up turns. All move alike, so the distances
    between an account's own jobs stay.
    """
    if wished >= 0 or next_tag is None:
        return wished
    return min(0.0, max(wished, clock - next_tag))


def in_one_line(jobs: Iterable[tuple[float, float]]) -> tuple[list[float], float]:
    """Return the tags of two accounts' jobs as one account would have them, and that account's finish.

    `jobs` are the (tag, charge) of all of them in the order they are drawn. None moves forward: two
    accounts that become one are served as one.
    """
    tags: list[float] = []
    finish = -math.inf
    for tag, cost in jobs:
        tags.append(max(tag, finish))
        finish = tags[-1] + cost
    return tags, finish
