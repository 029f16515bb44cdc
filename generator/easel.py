"""The one drawing thread: it loads the model, then draws one commission after the other.

Between two steps a long one lets short ones by, which the same thread draws then, each as a whole and letting
nobody by itself. Whose turn it is stays as it was: only who waits, and so is next, can be let by.

It knows neither HTTP nor torch: a painter is handed in by a function that loads it, and what happens
is told to each commission, which may come from any thread.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from generator.letting_by import NOBODY, PLACES, Drawing, Others, dressed_alike
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
    Paused,
    Ready,
    Resumed,
    Unusable,
)
from generator.traces import traced
from generator.weights import UnusableModel

log = logging.getLogger(__name__)

Emit = Callable[[Event], None]


class Painter(Protocol):
    """Draws. Blocks while it does. Called again while it lets others by."""

    model: str

    @property
    def card(self) -> CardMemory | None:
        """The memory of the card it draws with, None on a processor. Asked from any thread."""

    def draw(self, request: Generate, emit: Emit, should_stop: Callable[[], bool], others: Others) -> None:
        """Emit steps, previews and one end per order, some of them after returning.

        Returns early, leaving orders without an end, once `should_stop` says so. Lets others by between two
        steps, of which the parts that are left go from 1 down to 0.
        """

    def warm_up(self, should_stop: Callable[[], bool]) -> None:
        """Make ready what pictures gain by but do not need, until `should_stop` says that one waits."""


LoadPainter = Callable[[Callable[[float], None]], Painter]


class Commission:
    """A request, the listener who asked for it, and what of it is still open."""

    def __init__(self, request: Generate, listener: Emit) -> None:
        self.request = request
        self.drawing = Drawing(request.seconds)
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

    def lets_by(self, other: "Commission", left: float) -> bool:
        """Whether it does so for another one while this part of its own steps is left."""
        return (
            not self.stopped()
            and dressed_alike(self.request.orders[0].recipe, other.request.orders[0].recipe)
            and self.drawing.lets_by(other.request.seconds, left)
        )

    @property
    def ids(self) -> list[str]:
        """What its orders are called."""
        return [order.id for order in self.request.orders]

    @property
    def unwanted_seconds(self) -> float:
        """For how long nobody has listened."""
        return time.monotonic() - self._stopped_at if self._stopped_at is not None else 0.0


class Easel:
    """Start it once; it says how the model is and takes commissions when there is a free place."""

    def __init__(self, load: LoadPainter) -> None:
        self._load = load
        self._health: Health = Loading(0.0)
        self._waiting: list[Commission] = []
        self._begun: list[Commission] = []  # the last is drawn now, and was let by by the one before
        self._turned_at = 0.0  # when another one's turn was
        self._painter: Painter | None = None
        self._news = threading.Condition()

    @property
    def health(self) -> Health:
        """The latest health."""
        health, painter = self._health, self._painter
        if painter is None or not isinstance(health, Ready):
            return health
        busy = bool(self._waiting or self._begun)
        return Ready(health.model, drawing=int(busy), card=painter.card)

    @property
    def stuck_seconds(self) -> float:
        """For how long something has been drawn on although nobody wants it; a step ends before long."""
        with self._news:
            turn = time.monotonic() - self._turned_at
            return min(turn, self._begun[-1].unwanted_seconds) if self._begun else 0.0

    def start(self) -> None:
        """Begin to load. The thread lives as long as the process."""
        threading.Thread(target=self._work, name="drawing", daemon=True).start()

    def takes(self, commission: Commission) -> bool:
        """Take the commission, or return False when there is no free place."""
        with self._news:
            self._forget_unwanted()
            paused = [each for each in self._begun[:-1] if not each.stopped()]
            if len(self._waiting) + len(paused) + len(self._begun[-1:]) >= PLACES:
                return False
            self._waiting.append(commission)
            self._news.notify()
            return True

    def _work(self) -> None:
        painter = self._loaded()
        if painter is not None:
            self._warm_up(painter)
        while painter is not None:
            with self._news:
                self._news.wait_for(lambda: self._waiting)
                commission = self._taken_up()
            others = Others(partial(self._passes, commission), partial(self._let_by, painter, commission))
            self._draw(painter, commission, others)

    def _taken_up(self) -> Commission:
        """Return who is next, whose turn it is now."""
        self._begun.append(self._waiting.pop(0))
        self._turned_at = time.monotonic()
        return self._begun[-1]

    def _let_by(self, painter: Painter, long: Commission, left: float) -> None:
        """Draw those in line that a commission lets by while this part of it is left."""
        while (short := self._passing(long, left)) is not None:
            log.info("drawing paused", extra={"orders": long.ids, "for": short.ids})
            long.tell(Paused())
            began = time.monotonic()
            self._draw(painter, short, NOBODY)
            long.drawing.has_let_by(short.request.seconds, time.monotonic() - began)
            long.tell(Resumed())

    def _passing(self, long: Commission, left: float) -> Commission | None:
        with self._news:
            return self._taken_up() if self._passes(long, left) else None

    def _passes(self, long: Commission, left: float) -> bool:
        """Whether who is next is let by while this part of a commission is left."""
        with self._news:
            self._forget_unwanted()
            return bool(self._waiting) and long.lets_by(self._waiting[0], left)

    def _forget_unwanted(self) -> None:
        self._waiting = [each for each in self._waiting if not each.stopped()]

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

    def _warm_up(self, painter: Painter) -> None:
        try:
            painter.warm_up(lambda: bool(self._waiting))
        except Exception as error:  # noqa: BLE001  pictures are drawn without it, too
            log.error("warming up failed", extra=traced(error))  # noqa: TRY400

    def _progress(self, fraction: float) -> None:
        if isinstance(self._health, Loading):
            self._health = Loading(max(self._health.fraction, min(1.0, fraction)))

    def _draw(self, painter: Painter, commission: Commission, others: Others) -> None:
        """Draw who was taken up; whatever comes of it, this returns."""
        try:
            if not commission.stopped():
                commission.tell(Begun())
                painter.draw(commission.request, commission.tell, commission.stopped, others)
        except Exception as error:  # noqa: BLE001  a bug must not end the only drawing thread
            log.error("drawing failed", extra=traced(error))  # noqa: TRY400  its message may quote a prompt
            commission.fail(Fault.INTERNAL)
        with self._news:
            self._begun.remove(commission)
            self._turned_at = time.monotonic()
