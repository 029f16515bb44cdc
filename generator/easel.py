"""The one drawing thread: it loads the model, then draws one commission after the other.

It knows neither HTTP nor torch: a painter is handed in by a function that loads it, and what happens
is told to each commission, which may come from any thread.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol

from generator.messages import (
    Begun,
    CardMemory,
    End,
    Event,
    Failed,
    Fault,
    Finished,
    Generate,
    Health,
    Loading,
    Ready,
    Unusable,
)
from generator.traces import traced
from generator.weights import UnusableModel

PLACES = 2  # one is drawn, one waits: so the next starts without a round trip, and no queue grows here

log = logging.getLogger(__name__)

Emit = Callable[[Event], None]


class Painter(Protocol):
    """Draws. Blocks while it does."""

    model: str

    @property
    def card(self) -> CardMemory | None:
        """The memory of the card it draws with, None on a processor. Asked from any thread."""

    def draw(self, request: Generate, emit: Emit, should_stop: Callable[[], bool]) -> None:
        """Emit steps, previews and one end per order, some of them after returning.

        Returns early, leaving orders without an end, once `should_stop` says so.
        """


LoadPainter = Callable[[Callable[[float], None]], Painter]


class Commission:
    """A request, the listener who asked for it, and what of it is still open."""

    def __init__(self, request: Generate, listener: Emit) -> None:
        self.request = request
        self._listener = listener
        self._open = {order.id for order in request.orders}
        self._lock = threading.Lock()
        self._stopped_at: float | None = None

    def tell(self, event: Event) -> None:
        """Pass the event on; after the last order's end follows `End`. Second ends are dropped."""
        with self._lock:
            if isinstance(event, Finished | Failed):
                if event.order not in self._open:
                    return
                self._open.discard(event.order)
            self._listener(event)
            if not self._open:
                self._listener(End())

    def fail(self, fault: Fault) -> None:
        """End every order that is still open."""
        for order in tuple(self._open):
            self.tell(Failed(order, fault))

    def stop(self) -> None:
        """Nobody listens any more: work ends before the next step."""
        self._stopped_at = self._stopped_at or time.monotonic()

    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped_at is not None

    @property
    def unwanted_seconds(self) -> float:
        """For how long nobody has listened."""
        return time.monotonic() - self._stopped_at if self._stopped_at is not None else 0.0


class Easel:
    """Start it once; it says how the model is and takes commissions when there is a free place."""

    def __init__(self, load: LoadPainter) -> None:
        self._load = load
        self._health: Health = Loading(0.0)
        self._waiting: queue.SimpleQueue[Commission] = queue.SimpleQueue()
        self._painter: Painter | None = None
        self._taken = 0
        self._drawn: Commission | None = None
        self._lock = threading.Lock()

    @property
    def health(self) -> Health:
        """The latest health."""
        health, painter = self._health, self._painter
        if painter is None or not isinstance(health, Ready):
            return health
        return Ready(health.model, drawing=min(1, self._taken), card=painter.card)

    @property
    def stuck_seconds(self) -> float:
        """For how long something has been drawn on although nobody wants it; a step ends before long."""
        drawn = self._drawn
        return drawn.unwanted_seconds if drawn else 0.0

    def start(self) -> None:
        """Begin to load. The thread lives as long as the process."""
        threading.Thread(target=self._work, name="drawing", daemon=True).start()

    def takes(self, commission: Commission) -> bool:
        """Take the commission, or return False when there is no free place."""
        with self._lock:
            if self._taken >= PLACES:
                return False
            self._taken += 1
        self._waiting.put(commission)
        return True

    def _work(self) -> None:
        painter = self._loaded()
        while painter is not None:
            commission = self._waiting.get()
            self._drawn = commission
            self._draw(painter, commission)
            self._drawn = None
            with self._lock:
                self._taken -= 1

    def _loaded(self) -> Painter | None:
        try:
            painter = self._load(self._progress)
        except UnusableModel as error:
            self._health = Unusable(str(error))
            log.warning("model unusable", extra={"reason": str(error)})
        except Exception as error:
            self._health = Unusable(f"The model could not be loaded ({type(error).__name__}); see the log.")
            log.exception("model unusable")
        else:
            self._painter, self._health = painter, Ready(painter.model)
            log.info("model ready", extra={"model": painter.model})
            return painter
        return None

    def _progress(self, fraction: float) -> None:
        if isinstance(self._health, Loading):
            self._health = Loading(max(self._health.fraction, min(1.0, fraction)))

    def _draw(self, painter: Painter, commission: Commission) -> None:
        if commission.stopped():
            return
        commission.tell(Begun())
        try:
            painter.draw(commission.request, commission.tell, commission.stopped)
        except Exception as error:  # noqa: BLE001  a bug must not end the only drawing thread
            log.error("drawing failed", extra=traced(error))  # noqa: TRY400  its message may quote a prompt
            commission.fail(Fault.INTERNAL)
