"""What storage keeps, as values. No SQL: every engine returns these."""

from dataclasses import dataclass, replace
from enum import StrEnum

from generator.messages import Fault, PictureFormat
from generator.recipe import Recipe


class JobState(StrEnum):
    """Where a job stands. MOVES says which way it can go."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.QUEUED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


class ImpossibleMove(Exception):
    """A job was to go where MOVES does not lead: a bug."""

    def __init__(self, job: str, old: JobState, new: JobState) -> None:
        super().__init__(f"Job {job} cannot go from {old} to {new}.")


class Kind(StrEnum):
    """Kinds of ledger entries."""

    GRANT = "grant"  # given by the owner (or taken, where negative)
    ALLOWANCE = "allowance"  # the daily top-up
    HOLD = "hold"  # set aside when a job is accepted
    CAPTURE = "capture"  # the held credits are spent: the picture was made
    RELEASE = "release"  # the held credits come back: failed or cancelled
    REFUND = "refund"  # captured credits given back later


class Rung(StrEnum):
    """How a post's end reached the person: the delivery ladder, best first."""

    EDITED = "edited"  # the post's own message
    POSTED = "posted"  # a new message in the same place
    DIRECT = "direct"  # a direct message
    KEPT = "kept"  # nowhere; offered by history and the web chat


@dataclass(frozen=True, slots=True)
class Identity:
    """A person on one platform, for example ("discord", "8035…") or ("web", "owner")."""

    platform: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose credits and queue places are counted; several identities may share one."""

    id: int
    name: str
    weight: float = 1.0
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Whole credits. `available` can be spent; `held` waits for running jobs."""

    available: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger, never changed once written. `key` is unique: twice is the same as once."""

    key: str
    account: int
    kind: Kind
    available: int  # change of the available credits
    held: int  # change of the held credits
    job: str | None
    note: str
    created_at: float  # seconds since 1970, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """Where an answer is shown. `address` is opaque JSON text that only the adapter reads."""

    platform: str
    address: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A stored NewPost of one job. `rung` is None until the job's end was confirmed as shown."""

    id: int
    job: str
    platform: str
    address: str
    language: str
    rung: Rung | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is accepted in one transaction: hold, job and post.

    `key` makes acceptance idempotent. `recipe` is that of the first picture, `recipe.picture(i)` of
    the others. `cost_seconds` is the expected time on the card for all of them. `parent` is the job it
    was rerolled or varied from.
    """

    key: str
    account: int
    recipe: Recipe
    count: int
    format: PictureFormat
    price: int
    cost_seconds: float
    parent: str | None
    post: NewPost


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An accepted order as it stands. Times are seconds since 1970, UTC.

    `attempt` rises with every claim and fences late results; `losses` counts the attempts that a
    generator began and did not survive. `deleted` hides pictures that the person removed.
    """

    id: str
    account: int
    recipe: Recipe
    count: int
    format: PictureFormat
    price: int
    cost_seconds: float
    parent: str | None
    state: JobState
    attempt: int
    losses: int
    fault: Fault | None
    created_at: float
    ended_at: float | None
    draw_seconds: float | None  # measured time on the card, when succeeded
    deleted: bool

    def recipes(self) -> tuple[Recipe, ...]:
        """Return the recipe of every picture of the job."""
        return tuple(self.recipe.picture(index) for index in range(self.count))

    def moved_to(self, state: JobState) -> "Job":
        """Return the job in its next state. Raises ImpossibleMove where MOVES does not lead."""
        if state not in MOVES[self.state]:
            raise ImpossibleMove(self.id, self.state, state)
        return replace(self, state=state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A finished file of a job, kept in the picture folder under the SHA-256 of its bytes."""

    job: str
    index: int
    sha256: str
    format: PictureFormat
    width: int
    height: int
    size_bytes: int
    truncated: bool
    secret: str  # random; unguessable part of the picture's URL


# ── what submitting can answer ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The hold, the job and the post are on disk."""

    job: Job
    post: Post
    balance: Balance


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same key was accepted before: nothing changed."""

    job: Job
    post: Post


@dataclass(frozen=True, slots=True)
class NotEnough:
    """The account cannot pay."""

    price: int
    available: int


@dataclass(frozen=True, slots=True)
class AccountFull:
    """The account has as many unfinished jobs as it may."""

    limit: int


@dataclass(frozen=True, slots=True)
class QueueFull:
    """All accounts together have as many unfinished jobs as there may be."""

    limit: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """The owner has blocked the account."""


Submission = Accepted | Repeated | NotEnough | AccountFull | QueueFull | Blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The caps that hold inside the accepting transaction, and the daily top-up (0: none)."""

    per_account: int
    whole_queue: int
    daily_allowance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A queued job's place: jobs that will be drawn before it (running ones too), and their time."""

    ahead: int
    seconds_ahead: float  # expected seconds on the card of all jobs before it


class CancelOutcome(StrEnum):
    """What cancelling found."""

    CANCELLED = "cancelled"  # it was queued: released at once
    STOPPING = "stopping"  # it is running: the dispatcher stops it
    ENDED = "ended"  # it had ended before
