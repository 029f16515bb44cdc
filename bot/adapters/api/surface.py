"""Shows updates to whoever follows a job over HTTP, and lets others follow it."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from bot.adapters.api.core import Core
from bot.adapters.api.faults import fault_of
from bot.adapters.api.trails import Trail, Trails
from bot.commands import Cancel, Delete, EmptyJob, Person, ShowJob
from bot.delivery import Surface
from bot.refusals import StorageTrouble
from bot.updates import (
    Broken,
    Cancelled,
    Deleted,
    Delivered,
    Final,
    Progress,
    Queued,
    Refused,
    Stopping,
    Update,
)
from storage.keys import PLATFORM
from storage.records import Post, Rung

TICK_SECONDS = 5.0
ASK_EVERY = 4  # silent ticks: then storage is asked, whatever was told
TICK_ELSEWHERE_SECONDS = 1.0  # the same for a job that was ordered in a chat, or at another bot


class ApiSurface(Surface):
    """A post of the API is shown to those who follow its job; its end is there for all who ask."""

    platform = PLATFORM
    moves = False

    def __init__(self) -> None:
        self.trails = Trails()
        self.tell: Callable[[Post, Trail], Awaitable[None]] = _nobody

    async def show(self, post: Post, update: Update) -> Rung:
        """Tell the followers, and at the end whoever else wants to be told (`tell`)."""
        trail = self.trails.of(post.job)
        trail.tell(update)
        if trail.ended:
            await self.tell(post, trail)
        return Rung.EDITED


async def _nobody(_post: Post, _trail: Trail) -> None:
    """Tell nobody else."""


class Jobs:
    """Asks how jobs stand, once or until they end."""

    def __init__(self, core: Core, trails: Trails) -> None:
        self._core = core
        self.trails = trails

    async def standing(self, by: Person, job: str) -> Trail:
        """Return how a job of this person stands. Raises ApiFault."""
        answer = await self._core.answer(ShowJob(by, job))
        trail = self.trails.of(job)
        match answer:
            case Queued() | Progress() | Delivered() | Broken() | Cancelled():
                trail.tell(answer)
                if isinstance(answer, Final):
                    trail.update = answer  # its pictures may have been removed meanwhile
                return trail
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)

    async def cancelled(self, by: Person, job: str) -> Trail:
        """Stop a job of this person; return how it stands then. Raises ApiFault."""
        answer = await self._core.answer(Cancel(by, job))
        match answer:
            case Cancelled():
                self.trails.of(job).tell(answer)
            case Stopping():
                self.trails.of(job).stopping()
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)
        return await self.standing(by, job)

    async def remove(self, command: Delete | EmptyJob) -> None:
        """Remove an ended job and its pictures, files too, or its pictures alone. Raises ApiFault."""
        answer = await self._core.answer(command)
        match answer:
            case Deleted():
                return
            case Refused(refusal):
                raise fault_of(refusal)
            case _:
                raise TypeError(type(answer).__name__)

    async def follow(
        self, by: Person, job: str, most_seconds: float = TICK_SECONDS
    ) -> AsyncGenerator[tuple[Trail, bool], None]:
        """Yield the trail at every change, and after so many seconds without one; the last time at the end.

        The flag says whether something has changed. Ends early where the job is erased meanwhile.
        Raises ApiFault before the first.
        """
        trail = await self.standing(by, job)
        told = await self._is_told(job)
        tick = _spread(job, most_seconds) if told else TICK_ELSEWHERE_SECONDS
        seen, silent = -1, 0
        while True:
            news, changed = trail.news, trail.number != seen
            seen = trail.number
            yield trail, changed
            if trail.ended:
                return
            if trail.number != seen or await self._core.clock.wait(news, tick):
                silent = 0
                continue
            silent += 1
            if (not told or silent % ASK_EVERY == 0) and not await self._ask(by, job):
                return

    async def _is_told(self, job: str) -> bool:
        """Say whether the job's updates come here by themselves."""
        post = await self._core.post(job)
        return post is not None and post.platform == PLATFORM and self._core.shown_here(post)

    async def _ask(self, by: Person, job: str) -> bool:
        """Let storage correct what was told, where it can; False where the job is gone."""
        answer = await self._core.answer(ShowJob(by, job))
        match answer:
            case Queued() | Progress() | Delivered() | Broken() | Cancelled():
                self.trails.of(job).tell(answer)
                return True
            case Refused(refusal):
                return isinstance(refusal, StorageTrouble)
            case _:
                raise TypeError(type(answer).__name__)

    async def ended(self, by: Person, job: str, seconds: float) -> Trail:
        """Wait for a job's end, at most so long; return how it stands then."""
        left = self._core.clock.now() + seconds
        trail = await self.standing(by, job)
        while not trail.ended and (rest := left - self._core.clock.now()) > 0:
            if not await self._core.clock.wait(trail.news, min(rest, TICK_SECONDS)):
                await self.standing(by, job)
        return trail


def _spread(job: str, seconds: float) -> float:
    """Return a little less, so that a thousand followers do not wake at the same moment."""
    return seconds * (0.8 + 0.2 * (hash(job) % 101) / 100)
