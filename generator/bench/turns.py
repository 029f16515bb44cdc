"""When orders end that are drawn in line, one at a time: in order, or with long ones letting short ones by.

Pure, and told all seconds. Everybody is begun in the order of arrival, as in the queue of accounts that are
alike. At a step's end one order at most is let by, for the next one is on its way from the bot then.
"""

from collections.abc import Sequence

from generator.letting_by import Drawing


def ends(arrivals: Sequence[float], seconds: Sequence[float], steps: int, *, letting_by: bool) -> list[float]:
    """Return when each of the orders ends. They come at these times, in order, and take these seconds."""
    ended = [0.0] * len(arrivals)
    now, coming = 0.0, 0
    while coming < len(arrivals):
        own, coming = coming, coming + 1
        drawing = Drawing(seconds[own] if letting_by else 0.0)
        now = max(now, arrivals[own])
        for step in range(1, steps + 1):
            now += seconds[own] / steps
            if (
                coming < len(arrivals)
                and arrivals[coming] <= now
                and drawing.lets_by(seconds[coming], 1 - step / steps)
            ):
                now += seconds[coming]
                drawing.has_let_by(seconds[coming], seconds[coming])
                ended[coming], coming = now, coming + 1
        ended[own] = now
    return ended
