"""How many jobs are unfinished in the whole queue, which is counted only where it may be full.

A count goes on being true as a bound: what was counted can only end, and what was accepted since has larger
numbers, each its own. So behind any number of waiting jobs an order is accepted without counting them, until
as many were accepted as would have filled the queue. No I/O.
"""

# Between a look and the commit, others commit what the look did not see: at most so many, of all bots.
UNSEEN = 200


class WholeQueue:
    """What one process knows of the queue, whoever else accepts orders. It is true across any rollback."""

    def __init__(self) -> None:
        self._unfinished: int | None = None
        self._counted_at = 0
        self._newest = 0

    def counted(self, unfinished: int, newest: int) -> None:
        """So many jobs were unfinished when this was the largest number of a job."""
        self._unfinished, self._counted_at = unfinished, newest
        self.saw(newest)

    def saw(self, newest: int) -> None:
        """There is a job of this number."""
        self._newest = max(self._newest, newest)

    def may_be_full(self, most: int) -> bool:
        """Whether the queue may have come so near to `most` that it must be counted."""
        if self._unfinished is None:
            return True
        return nearly_full(self._unfinished + UNSEEN + self._newest - self._counted_at, most)


def nearly_full(unfinished: int, most: int) -> bool:
    """Whether orders are to be taken one by one: only so do crowds of several bots not push past the end."""
    return unfinished + UNSEEN >= most
