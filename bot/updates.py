"""What Pinxit says: answers to a command at once, and updates pushed to a stored post."""

from dataclasses import dataclass

from bot.refusals import Refusal
from generator.messages import Fault
from storage.records import Balance, Entry, Job, Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """Accepted and on disk. `place` 1 is next; `loading` is the painter's start, 0 to 1, or None."""

    job: Job
    place: int
    eta_seconds: float
    loading: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Being drawn. Previews are small JPEGs by picture index, empty until the first comes."""

    job: Job
    step: int
    steps: int
    previews: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The pictures are stored and paid."""

    job: Job
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """No picture; the credits came back."""

    job: Job
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """Stopped as asked; the credits came back."""

    job: Job


Update = Queued | Progress | Delivered | Broken | Cancelled
Final = Delivered | Broken | Cancelled


@dataclass(frozen=True, slots=True)
class Refused:
    """A kind no: nothing was charged and nothing changed."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Stopping:
    """The cancel was taken; the post will show Cancelled."""

    job: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """The pictures are gone, files too."""

    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """Everything about one job."""

    job: Job
    pictures: tuple[Picture, ...]
    receipt: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """Credits and the latest entries."""

    balance: Balance
    daily_allowance: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """The person's unfinished jobs as updates, and the length of the whole queue."""

    mine: tuple[Queued | Progress, ...]
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Jobs newest first, each as the update its post shows now; `more` when older ones exist."""

    items: tuple[Update, ...]
    more: bool


Answer = (
    Queued
    | Delivered
    | Broken
    | Cancelled
    | Progress
    | Refused
    | Stopping
    | Deleted
    | Info
    | Wallet
    | QueueView
    | History
)
