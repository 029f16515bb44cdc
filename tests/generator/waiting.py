"""Waiting in a test for what another thread does."""

import time
from collections.abc import Callable


def until(happened: Callable[[], bool], seconds: float = 300.0) -> None:
    """Return once it has happened; compilers take their time."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)
