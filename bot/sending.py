"""One request to the generator, with the job or the several jobs that are drawn by it as one batch."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import assert_never

from bot.flight import Broke, Client, Flight, Hung, NotBegun, Outcome, Wish
from generator.client import Lost, NotReached
from generator.letting_by import Drawing, dressed_alike
from generator.messages import (
    Begun,
    End,
    Event,
    Failed,
    Finished,
    Generate,
    Paused,
    Preview,
    Resumed,
    StepDone,
)
from storage.records import Job

Heard = Callable[[Flight, Event], None]


@dataclass(slots=True, eq=False)
class Sending:
    """The stream of one request. It is closed early only when nobody aboard wants anything any more."""

    flights: list[Flight] = field(default_factory=list)
    seconds: float = 0.0  # that it is expected to take
    patience_seconds: float = 30.0
    begun: bool = False
    paused: bool = False  # another is drawn first now
    _limit: asyncio.Timeout | None = None
    _aboard: dict[str, Flight] = field(default_factory=dict)

    def ask(self, wish: Wish, flights: Sequence[Flight]) -> None:
        """Take these out; with the last of them the stream ends."""
        for flight in flights:
            flight.ask(wish)
        if not self._wanted:
            self._end_by(0.0)

    @property
    def drawn(self) -> bool:
        """Whether it has a painter to itself now."""
        return self.begun and not self.paused

    def spared_seconds(self, job: Job, now: float) -> float:
        """Return how many of its seconds are left where it lets such a job by now, else 0."""
        if not self.begun:
            return 0.0
        first, whole = self.flights[0], sum(each.job.cost_seconds for each in self.flights)
        left = sum(each.left_seconds(now) for each in self.flights)
        drawing = Drawing(self.seconds, first.paused_seconds)
        passes = dressed_alike(first.job.recipe, job.recipe) and whole > 0
        return left if passes and drawing.lets_by(job.cost_seconds, left / whole) else 0.0

    def expect_life(self) -> None:
        """From now on silence counts: this request has the generator to itself."""
        if self._wanted:
            self._end_by(asyncio.get_running_loop().time() + self.patience_seconds)

    def excuse_silence(self) -> None:
        """From now on others are drawn, so this one may have to wait in silence; theirs counts."""
        if self._wanted:
            self._end_by(None)

    def _end_by(self, moment: float | None) -> None:
        """Set the stream's end, unless it is ending: closing it may take a while."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(moment)

    async def go(self, client: Client, heard: Heard, *, alone: bool) -> Outcome | None:
        """Send the request and listen to its end; every event is told to `heard` after it was noted.

        All have an outcome then. What ended those who had none before is returned. `alone` says that
        somebody is free to draw it, so that silence counts from the start.
        """
        request = self._request()
        if not request.orders:
            return None
        try:
            async with asyncio.timeout(None) as self._limit:
                if alone:
                    self.expect_life()
                with suppress(NotReached, Lost):  # cut off, with a word on it or without
                    await self._listen(client, request, heard)
        except TimeoutError:
            return self._end(Hung())
        finally:
            self._limit = None
        return self._end(Broke() if self.begun else NotBegun())

    def _request(self) -> Generate:
        """All pictures of all who still want theirs."""
        wanted = [flight for flight in self.flights if flight.outcome is None]
        orders = tuple(order for flight in wanted for order in flight.orders)
        for flight in wanted:
            flight.together, flight.in_company = len(orders), len(wanted) > 1
        self._aboard = {flight.job.id: flight for flight in wanted}
        pictures = dict.fromkeys(picture for flight in wanted for picture in flight.pictures)
        return Generate(orders=orders, seconds=self.seconds, pictures=tuple(pictures))

    async def _listen(self, client: Client, request: Generate, heard: Heard) -> None:
        async with aclosing(client.generate(request)) as events:
            async for event in events:
                self.begun = self.begun or isinstance(event, Begun)
                self.paused = isinstance(event, Paused) or (self.paused and not isinstance(event, Resumed))
                for flight in self._concerned(event):
                    if flight.outcome is None:
                        flight.note(event)
                        heard(flight, event)
                if self.drawn:
                    self.expect_life()
                elif self.paused:
                    self.excuse_silence()

    def _concerned(self, event: Event) -> Sequence[Flight]:
        match event:
            case Begun() | StepDone() | Paused() | Resumed() | End():
                return self.flights
            case Preview() | Finished() | Failed():
                flight = self._aboard.get(event.order.rpartition(":")[0])
                return [flight] if flight else []
            case _:
                assert_never(event)

    @property
    def _wanted(self) -> bool:
        return any(flight.outcome is None for flight in self.flights)

    def _end(self, ending: Outcome) -> Outcome | None:
        left = [flight for flight in self.flights if flight.outcome is None]
        for flight in left:
            flight.end(ending)
        return ending if left else None
