"""What people can ask for, whichever platform they are on.

Where a command names a job, `vouched` says that the platform vouches for the person: it may be somebody
else's job, because its post is seen by everybody, or because the person moderates the place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from bot.options import Wish
from generator.messages import PictureFormat
from generator.recipe import Recipe
from storage.records import Identity, NewPost, PlaceId


class Keep(Enum):
    """What a change leaves as it is; None sets a value back to the usual."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks: an identity, the name to show, and the language of the answers ("en", "ru", "zh")."""

    identity: Identity
    name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where an order is given, so that the rules of the place hold.

    `channels` are the channel and what it lies in (a thread's parent, a category); `roles` are the person's
    there. Whoever `manages` the place may order in every channel and with no role.
    """

    place: PlaceId
    channels: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    manages: bool = False


@dataclass(frozen=True, slots=True)
class PictureOf:
    """Picture `index` of a job that has its pictures; `vouched` as everywhere."""

    job: str
    index: int = 0
    vouched: bool = False


Source = bytes | str | PictureOf
"""A picture: the bytes of a file exactly as it was sent, whatever they are; the SHA-256 that PictureKept
answered or that a recipe of this person names; or a picture of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """A picture to start from, which the service looks at, keeps or refuses; a front only hands it over.

    `strength` says how much is painted anew, 0 to 1; None leaves it to --strength in the text, which comes
    first, else to what is usual. What is white in the `mask` (transparent, where its file is transparent
    anywhere) is painted anew, and nothing else changes. With `other` it starts between two pictures, `share`
    of the way to the other one. Without --ar or --size the picture's own ratio holds.
    """

    picture: Source = field(repr=False)
    strength: float | None = None
    mask: Source | None = field(default=None, repr=False)
    other: Source | None = field(default=None, repr=False)
    share: float = 0.5

    @classmethod
    def of(cls, recipe: Recipe) -> "From | None":
        """Return what a recipe started from, to order something like it once more."""
        start = recipe.start
        if start is None:
            return None
        return cls(picture=start.picture, mask=start.mask, other=start.other, share=start.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagine:
    """Paint `text`: a prompt with options, as typed after /imagine. `key` makes a retry harmless.

    A text with wildcards is answered by SeveralAsked; its texts can then be ordered with DrawAll. `here` is
    None in a direct message. A `private` job, or one that the person's preferences or the place make so, is
    found by its owner alone. With `start` a picture is painted over: one that was attached, is replied to, or
    was painted before (a remix: the picture of a job, and `text` as the person changed it).
    """

    by: Person
    key: str
    text: str
    post: NewPost
    here: Here | None = None
    private: bool = False
    start: From | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reroll:
    """The same recipe with fresh seeds. What comes of a private job is private too."""

    by: Person
    key: str
    job: str
    post: NewPost
    vouched: bool = False
    here: Here | None = None
    private: bool = False
    most_waiting: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vary:
    """A sibling of picture `index` of a job."""

    by: Person
    key: str
    job: str
    index: int
    strong: bool
    post: NewPost
    vouched: bool = False
    here: Here | None = None
    private: bool = False
    most_waiting: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Picture `index` of a job on a larger canvas: what is new around it is painted, the rest stays.

    `left`, `right`, `up` and `down` say by what part of the picture's side it grows there: 0.5 by half of it.
    Where all four sides grow (zooming out: `zoomed_out`), the size stays and the picture becomes smaller.
    `prompt` takes the place of the job's own.
    """

    by: Person
    key: str
    job: str
    index: int
    post: NewPost
    left: float = 0.0
    right: float = 0.0
    up: float = 0.0
    down: float = 0.0
    prompt: str = ""
    vouched: bool = False
    here: Here | None = None
    private: bool = False
    most_waiting: int | None = None

    def zoomed_out(self, times: float = 2.0) -> "Extend":
        """Return the same with the picture so many times smaller, in the middle."""
        margin = (times - 1) / 2
        return replace(self, left=margin, right=margin, up=margin, down=margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlarge:
    """Picture `index` of a job at twice its size, as far as a picture can be large.

    A model that is strong enough paints the details; else a resampler enlarges it, which costs next to
    nothing. The recipe tells: `recipe.drawn_steps` is 0 where nothing was painted.
    """

    by: Person
    key: str
    job: str
    index: int
    post: NewPost
    vouched: bool = False
    here: Here | None = None
    private: bool = False
    most_waiting: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a waiting or running job and give the credits back."""

    by: Person
    job: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an ended job's pictures, files too."""

    by: Person
    job: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class ShowInfo:
    """Recipe, cost and receipt of a job."""

    by: Person
    job: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class ShowBalance:
    """Credits available and held, and the latest entries."""

    by: Person


@dataclass(frozen=True, slots=True)
class ShowQueue:
    """My unfinished jobs, and how long the whole queue is."""

    by: Person


@dataclass(frozen=True, slots=True)
class ShowHistory:
    """My jobs, newest first, made before a time (seconds since 1970)."""

    by: Person
    before: float | None = None
    limit: int = 30


# ── the person's own ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ShowSettings:
    """What this person prefers. Answered by PreferencesView."""

    by: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings:
    """Prefer something else from now on: only what is given changes. Answered by PreferencesView.

    `aspect` is written as after --ar. `language` is "en", "ru" or "zh".
    """

    by: Person
    aspect: str | Keep | None = KEEP
    count: int | Keep | None = KEEP
    format: PictureFormat | Keep | None = KEEP
    private: bool | Keep | None = KEEP
    language: str | Keep | None = KEEP
    as_document: bool | Keep | None = KEEP


@dataclass(frozen=True, slots=True)
class ShowStyles:
    """The styles there are, and the person's own. Answered by StyleList."""

    by: Person


@dataclass(frozen=True, slots=True)
class SaveStyle:
    """Keep a style of one's own, in the place of one with that name. Answered by StyleKept.

    `text` is typed like an order, with {prompt} where the prompt goes.
    """

    by: Person
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class RenameStyle:
    """Call a style of one's own otherwise. Answered by StyleKept."""

    by: Person
    name: str
    to: str


@dataclass(frozen=True, slots=True)
class DeleteStyle:
    """Forget a style of one's own. Answered by StyleGone."""

    by: Person
    name: str


@dataclass(frozen=True, slots=True)
class MakeLink:
    """A code that joins another identity with this account. Answered by LinkCode."""

    by: Person


@dataclass(frozen=True, slots=True)
class UseLink:
    """Join this identity's account with the one that made the code: asked back with LinkAsked, then Linked.

    Asking back is a must: whoever follows somebody else's link would share pictures and credits with them.
    """

    by: Person
    code: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class ExportMine:
    """Everything that is kept about this person. Answered by Exported."""

    by: Person


@dataclass(frozen=True, slots=True)
class DeleteMine:
    """Delete what is kept about this person: asked back with DeletionAsked, then done with Erased."""

    by: Person
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPicture:
    """Which job made this picture. Answered by Info, or by FoundRecipe where only the file knows.

    `file` are its bytes, in any state: a copy made smaller or saved anew by a chat is found too. `name` is
    its file name, which may hold the job's id. One of the two is enough.
    """

    by: Person
    file: bytes = b""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPicture:
    """Keep a picture (or a `mask`) for an order to come. Answered by PictureKept, or refused kindly.

    `file` are the bytes as they came. Only where the picture is needed before the order, as for drawing a
    mask over it: else an order takes the bytes itself. What is not ordered with is kept for a day.
    """

    by: Person
    file: bytes = field(repr=False)
    mask: bool = False


@dataclass(frozen=True, slots=True)
class ShowLoras:
    """Which LoRAs the owner's shelf has. Answered by LoraList."""

    by: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLora:
    """Have a LoRA here before it is ordered with: that at an `address`, or the `upload` with this secret.

    `name` is what the person calls it. Answered by LoraFetched, or refused kindly.
    """

    by: Person
    name: str
    address: str = ""
    upload: str = ""


@dataclass(frozen=True, slots=True)
class MakeKey:
    """A key of the HTTP API for my account; the one made this way before ends. Answered by KeyMade."""

    by: Person


# ── what programs ask ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Paint a wish in exact values, as a private job. `key` makes a retry harmless.

    `per_picture` asks for the price of the usual picture, whatever size and steps this one has.
    `most_waiting` is a cap on the account's unfinished jobs that is lower than everybody's.
    """

    by: Person
    key: str
    wish: Wish
    post: NewPost
    per_picture: bool = False
    most_waiting: int | None = None
    start: From | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawAll:
    """Paint several wishes of one person, all of them or none. Answered by AllAccepted.

    They start from the same picture, if from any; none of their texts has wildcards.
    """

    by: Person
    draws: tuple[Draw | Imagine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Say what a wish would cost, and do nothing. Answered by Quoted.

    Of `start` only the strength and whether there is a mask or another picture count: nothing is looked at.
    """

    by: Person
    wish: Wish
    start: From | None = None


@dataclass(frozen=True, slots=True)
class PriceOrder:
    """Say what an order that is being typed would cost, and do nothing. Answered by SeveralAsked."""

    by: Person
    order: Imagine


Again = Reroll | Vary | Extend | Enlarge
"""An order that an earlier job is the pattern of."""


@dataclass(frozen=True, slots=True)
class PriceAgain:
    """Say what an order from an earlier job would cost, and do nothing. Answered by Quoted."""

    by: Person
    order: Again


@dataclass(frozen=True, slots=True)
class EmptyJob:
    """Delete an ended job's pictures for good and keep the job. Answered by Deleted."""

    by: Person
    job: str


@dataclass(frozen=True, slots=True)
class ShowJob:
    """How one job stands. Answered by an Update."""

    by: Person
    job: str


# ── for whoever manages ───────────────────────────────────────────────────────────────────────────
# `vouched` says that the platform knows the person as somebody who may. Without it: NotAllowed. For a place
# that is whoever manages it; accounts and their credits are the same everywhere, so for them it is whoever
# manages the bot: anybody can have a server of their own.


@dataclass(frozen=True, slots=True)
class ShowPlace:
    """The rules of a server or chat. Answered by PlaceView."""

    by: Person
    place: PlaceId
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlace:
    """Rule a server or chat otherwise: only what is given changes. Answered by PlaceView.

    The fields are those of PlaceRules. `spoiler` is one of "off", "always", "unless_age_restricted".
    """

    by: Person
    place: PlaceId
    vouched: bool = False
    channels: Iterable[str] | Keep | None = KEEP
    roles: Mapping[str, float] | Keep | None = KEEP
    aspect: str | Keep | None = KEEP
    count: int | Keep | None = KEEP
    most_pixels: int | Keep | None = KEEP
    private: bool | Keep | None = KEEP
    spoiler: str | Keep | None = KEEP
    words: bool | Keep | None = KEEP
    log_channel: str | Keep | None = KEEP
    private_notices: bool | Keep | None = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Give credits, or take them where negative. Answered by Granted. `key` makes a retry harmless.

    Whoever was never seen gets an account; `name` is what to call them then.
    """

    by: Person
    key: str
    to: Identity
    credits: int
    note: str = ""
    name: str = ""
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Accept nothing more from a person, and cancel what waits. Answered by NowBlocked."""

    by: Person
    to: Identity
    name: str = ""
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblock:
    """Accept orders again. Answered by NowUnblocked."""

    by: Person
    to: Identity
    name: str = ""
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowJobs:
    """Everybody's jobs, latest first. Answered by JobsView."""

    by: Person
    limit: int = 20
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Examine:
    """How Pinxit itself is. Answered by Examined."""

    by: Person
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """Credits for money that a platform has taken. Answered by Paid. The same `charge` twice is once."""

    by: Person
    charge: str
    credits: int
    stars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPayment:
    """One payment, for whoever manages the bot. Answered by PaymentView."""

    by: Person
    charge: str
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """Take the credits of a payment whose money went back. Answered by TakenBack; twice is once."""

    by: Person
    charge: str
    vouched: bool = False


Personal = (
    ShowSettings
    | ChangeSettings
    | ShowPlace
    | ChangePlace
    | ShowStyles
    | SaveStyle
    | RenameStyle
    | DeleteStyle
    | MakeLink
    | UseLink
    | ExportMine
    | DeleteMine
    | FindPicture
    | KeepPicture
    | ShowLoras
    | FetchLora
    | Grant
    | Block
    | Unblock
    | ShowJobs
    | Examine
    | MakeKey
    | Pay
    | ShowPayment
    | TakeBack
)
Command = (
    Imagine
    | Draw
    | DrawAll
    | Quote
    | PriceOrder
    | PriceAgain
    | Again
    | Cancel
    | Delete
    | EmptyJob
    | ShowJob
    | ShowInfo
    | ShowBalance
    | ShowQueue
    | ShowHistory
    | Personal
)
