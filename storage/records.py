"""What storage keeps, as values. No SQL: every engine returns these."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from generator.messages import Fault, PictureFormat
from generator.recipe import Recipe

MOST_PICTURES = 16  # that one order may ask for
MOST_LISTED = 500  # channels or roles of one place
MOST_WEIGHT = 100.0  # of a role
MOST_STYLES = 25  # of one person's own
LONGEST_STYLE = 1000  # characters of one
FEWEST_PIXELS = 64 * 64
RATIO = re.compile(r"(\d{1,4}):(\d{1,4})")
LANGUAGE = re.compile(r"[a-z]{2}")
LONGEST_ID = 100
# Stands for a recipe that a damaged row holds, so that its job can be settled and listed like any other.
UNREADABLE = Recipe(prompt="—", model="embedded", seed=0, width=256, height=256, steps=1)


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
    TRANSFER = "transfer"  # two entries whose sum is zero: an account became part of another


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
class Preferences:
    """What an account prefers where its orders say nothing. None and False: as usual.

    `aspect` is a ratio such as "16:9". `as_document` wants files exactly as painted where a platform
    would make them smaller. `styles` are the person's own: names, and what was typed for each. Raises
    ValueError, which names the field, for what cannot be.
    """

    aspect: str | None = None
    count: int | None = None
    format: PictureFormat | None = None
    private: bool = False
    language: str | None = None
    as_document: bool = False
    styles: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _require("aspect", self.aspect is None or is_ratio(self.aspect))
        _require("count", self.count is None or 1 <= self.count <= MOST_PICTURES)
        _require("language", self.language is None or bool(LANGUAGE.fullmatch(self.language)))
        _require("styles", len(self.styles) <= MOST_STYLES)

    def joined_with(self, other: "Preferences") -> "Preferences":
        """Return what somebody prefers whose two accounts become one; these come first."""
        styles = dict([*other.styles, *self.styles])
        kept = dict(list(reversed(styles.items()))[:MOST_STYLES])
        chosen = other if replace(self, styles=()) == Preferences() else self
        return replace(chosen, styles=tuple(sorted(kept.items())))


@dataclass(frozen=True, slots=True)
class PlaceId:
    """A server, group or chat on one platform."""

    platform: str
    id: str


class Spoiler(StrEnum):
    """Which pictures are covered until they are clicked."""

    OFF = "off"
    ALWAYS = "always"
    UNLESS_AGE_RESTRICTED = "unless_age_restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRules:
    """How Pinxit is used in one server or chat. The defaults rule nothing.

    `channels` are those where it may be used (none: all). `roles` are those that may use it, each with
    its weight in the queue (none: everybody, with weight 1). `words` refuses prompts with one of the
    owner's words. `log_channel` is shown what moderators do. `private_notices` lets refusals and balances
    be seen by the person alone. Raises ValueError, which names the field, for what cannot be.
    """

    channels: frozenset[str] = frozenset()
    roles: tuple[tuple[str, float], ...] = ()
    aspect: str | None = None
    count: int | None = None
    most_pixels: int | None = None
    private: bool = False
    spoiler: Spoiler = Spoiler.OFF
    words: bool = False
    log_channel: str | None = None
    private_notices: bool = False

    def __post_init__(self) -> None:
        _require("channels", len(self.channels) <= MOST_LISTED and all(map(_is_id, self.channels)))
        _require("roles", len(self.roles) <= MOST_LISTED and all(_is_id(role) for role, _ in self.roles))
        _require("roles", all(0 < weight <= MOST_WEIGHT for _, weight in self.roles))
        _require("aspect", self.aspect is None or is_ratio(self.aspect))
        _require("count", self.count is None or 1 <= self.count <= MOST_PICTURES)
        _require("most_pixels", self.most_pixels is None or self.most_pixels >= FEWEST_PIXELS)
        _require("log_channel", self.log_channel is None or _is_id(self.log_channel))

    def covers(self, *, age_restricted: bool) -> bool:
        """Say whether a picture shown in such a channel is a spoiler."""
        unless = self.spoiler is Spoiler.UNLESS_AGE_RESTRICTED and not age_restricted
        return self.spoiler is Spoiler.ALWAYS or unless


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose credits and queue places are counted; several identities may share one."""

    id: int
    name: str
    weight: float = 1.0
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Credits bought for Stars. `charge` is the payment system's number: twice is the same as once."""

    charge: str
    account: int
    by: Identity
    credits: int
    stars: int
    paid_at: float
    refunded_at: float | None = None


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
    """A stored NewPost of one job. `rung` is None until the job's end was confirmed as shown.

    `holder` is the bot that shows it, where several share a database.
    """

    id: int
    job: str
    platform: str
    address: str
    language: str
    rung: Rung | None
    holder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is accepted in one transaction: hold, job and post.

    `key` makes acceptance idempotent. `recipe` is that of the first picture, `recipe.picture(i)` of
    the others. `cost_seconds` is the expected time on the card for all of them. `parent` is the job it
    was rerolled or varied from. `weight` multiplies the account's weight in the queue for this job. The
    pictures of a `private` job are found by its owner alone.
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
    weight: float = 1.0
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An accepted order as it stands. Times are seconds since 1970, UTC.

    `attempt` rises with every claim and fences late results; `losses` counts the attempts that a
    generator began and did not survive, or that failed in company. `deleted` hides pictures that the
    person removed.
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
    private: bool = False

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
    """A finished file of a job, kept in the picture folder under the SHA-256 of its bytes.

    `look` are 64 bits, as a signed number, of which pictures that look alike differ in few; `colours`
    tell apart those that have the same shapes.
    """

    job: str
    index: int
    sha256: str
    format: PictureFormat
    width: int
    height: int
    size_bytes: int
    truncated: bool
    secret: str  # random; unguessable part of the picture's URL
    look: int | None = None
    colours: bytes | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """A visible picture that differs in so many bits from the look that was asked for."""

    job: str
    index: int
    bits: int
    colours: bytes


def is_ratio(text: str) -> bool:
    """Say whether text is a ratio of sides that can be painted, such as "16:9": from 1:4 to 4:1."""
    sides = RATIO.fullmatch(text)
    if sides is None or "0" in {sides[1].lstrip("0") or "0", sides[2].lstrip("0") or "0"}:
        return False
    return int(sides[1]) <= 4 * int(sides[2]) and int(sides[2]) <= 4 * int(sides[1])


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID


def _require(field: str, good: bool) -> None:
    if not good:
        raise ValueError(field)


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


@dataclass(frozen=True, slots=True)
class StartGone:
    """A picture that the recipe starts from is not kept any more."""


# ── what joining, blocking and erasing can answer ─────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Account `gone` is part of `account` now. `lapsed` credits were a second daily allowance."""

    account: Account
    gone: int
    balance: Balance
    preferences: Preferences
    lapsed: int


@dataclass(frozen=True, slots=True)
class WrongCode:
    """No living code is this one."""


@dataclass(frozen=True, slots=True)
class OwnCode:
    """The account itself made the code."""


@dataclass(frozen=True, slots=True)
class TriedTooOften:
    """Too many wrong codes lately; no code is looked at before `retry_at`."""

    retry_at: float


@dataclass(frozen=True, slots=True)
class Offered:
    """Whose code it is."""

    account: Account
    identities: tuple[Identity, ...]


NotJoined = WrongCode | OwnCode | TriedTooOften | Blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What waited was cancelled, each with where to show it; what runs is to be stopped."""

    cancelled: tuple[tuple[Job, Post | None], ...]
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """An account's traces are gone; `hashes` are the contents that were its."""

    cancelled: tuple[tuple[Job, Post | None], ...]
    jobs: int
    hashes: tuple[str, ...]


Submission = Accepted | Repeated | NotEnough | AccountFull | QueueFull | Blocked | StartGone


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
