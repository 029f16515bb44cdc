"""What Pinxit says: answers to a command at once, and updates pushed to a stored post."""

from dataclasses import dataclass, field
from enum import StrEnum

from bot.commands import From, Person
from bot.refusals import Refusal
from bot.styles import Style
from generator.messages import Fault
from generator.recipe import Recipe
from storage.records import (
    Balance,
    Entry,
    Identity,
    Job,
    Payment,
    Picture,
    PlaceId,
    PlaceRules,
    Preferences,
)


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
    """Everything about one job; `picture` is the index of the one that was looked for.

    Others' receipts are not told.
    """

    job: Job
    pictures: tuple[Picture, ...]
    receipt: tuple[Entry, ...]
    picture: int | None = None


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


# ── about people and places ───────────────────────────────────────────────────────────────────────


class Aside:
    """An answer that shows no job. `describe` has a sentence for each."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PreferencesView(Aside):
    """What the person prefers now."""

    preferences: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView(Aside):
    """The rules of a place now; `changed` where this command changed them, for the log channel."""

    place: PlaceId
    rules: PlaceRules
    by: Person
    changed: bool


@dataclass(frozen=True, slots=True)
class StyleList(Aside):
    """The styles of the house and the person's own, each in the order of their names."""

    styles: tuple[Style, ...]
    own: tuple[Style, ...] = ()


@dataclass(frozen=True, slots=True)
class StyleKept(Aside):
    """A style of the person's own, saved or renamed."""

    style: Style


@dataclass(frozen=True, slots=True)
class StyleGone(Aside):
    """A style of the person's own is forgotten."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCode(Aside):
    """To be given to `UseLink` by the other identity, once, within the time."""

    code: str
    life_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAsked(Aside):
    """Whose code it is; `UseLink(confirmed=True)` joins. Nothing was changed."""

    code: str
    name: str
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked(Aside):
    """The account that two became.

    `lapsed` credits went: of two daily allowances one is left.
    """

    identities: tuple[Identity, ...]
    balance: Balance
    lapsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(Aside):
    """A JSON file for the person alone."""

    file: bytes
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionAsked(Aside):
    """What `DeleteMine(confirmed=True)` would delete. Nothing was changed."""

    jobs: int
    credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Aside):
    """Pictures, prompts, names and addresses are gone; `cancelled` orders had waited."""

    jobs: int
    cancelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted(Aside):
    """Credits given, or taken where negative. Its sentence is for a log channel too."""

    by: Person
    to: Identity
    name: str
    credits: int
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class NowBlocked(Aside):
    """Nothing more is accepted; `cancelled` orders had waited. Its sentence is for a log channel too."""

    by: Person
    to: Identity
    name: str
    cancelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NowUnblocked(Aside):
    """Orders are accepted again. Its sentence is for a log channel too."""

    by: Person
    to: Identity
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenJob:
    """A job and whose it is. The prompt of a private one is blanked."""

    job: Job
    name: str
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class JobsView(Aside):
    """Everybody's jobs, latest first."""

    items: tuple[SeenJob, ...]


class Organ(StrEnum):
    """A part of Pinxit that is well or not."""

    LEDGER = "ledger"
    PAINTER = "painter"
    PICTURES = "pictures"
    LINE = "line"
    DELIVERY = "delivery"
    WEBHOOKS = "webhooks"


@dataclass(frozen=True, slots=True)
class Finding:
    """How a part is; the figure says how much of what its sentence is about."""

    organ: Organ
    good: bool
    figure: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined(Aside):
    """How Pinxit itself is, part by part."""

    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether every part is."""
        return all(finding.good for finding in self.findings)


@dataclass(frozen=True, slots=True)
class FoundRecipe(Aside):
    """No job is known, but the file holds its recipe, here as far as it can be ordered in words.

    `made_with` is another program's model, else "".
    """

    recipe: Recipe
    made_with: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureKept(Aside):
    """A picture can be started from, by its SHA-256 and by this person alone; its size as it is kept."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class LoraList(Aside):
    """The names of the LoRAs on the shelf."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoraReady(Aside):
    """A LoRA is here and fits: `sha256` is its content, for an order to name."""

    sha256: str


@dataclass(frozen=True, slots=True)
class KeyMade(Aside):
    """A key of the HTTP API, to be shown to this person alone, once. `text` is never logged."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted(Aside):
    """What a wish would cost; nothing was done."""

    recipe: Recipe
    price: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class AllAccepted(Aside):
    """How each of several jobs stands that were ordered together, in their order."""

    updates: tuple[Update, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralAsked(Aside):
    """What wildcards stand for, one text for each job, and what all of them cost. Nothing was done.

    Ordering each of the texts draws them, from `start` where it is there: its pictures are kept by now.
    """

    texts: tuple[str, ...]
    pictures: int
    price: int
    balance: Balance
    start: From | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid(Aside):
    """Credits were bought."""

    credits: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class PaymentView(Aside):
    """One payment."""

    payment: Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack(Aside):
    """The money went back, and the credits as far as they were there."""

    payment: Payment
    balance: Balance


AnyAside = (
    PreferencesView
    | PlaceView
    | StyleList
    | StyleKept
    | StyleGone
    | LinkCode
    | LinkAsked
    | Linked
    | Exported
    | DeletionAsked
    | Erased
    | Granted
    | NowBlocked
    | NowUnblocked
    | JobsView
    | Examined
    | FoundRecipe
    | PictureKept
    | LoraList
    | LoraReady
    | KeyMade
    | Quoted
    | AllAccepted
    | SeveralAsked
    | Paid
    | PaymentView
    | TakenBack
)

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
    | AnyAside
)
