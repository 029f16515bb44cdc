"""What can be pressed under a message. The data of each button is all it needs, so any restart survives."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.deeds import LABELS, Deed
from bot.short_names import long_name, short_name
from bot.texts import say
from bot.updates import Broken, Cancelled, Delivered, History, Progress, Queued, QueueView, Update

JOB = r"[A-Za-z0-9_-]{1,48}"
MOST_CANCELS = 8  # in the list of waiting jobs
MOST_VARIED = 4  # pictures with buttons of their own; each of more pictures has them behind its number
IN_A_ROW = 4
OPEN, OLDER, SEVERAL, NONE, PICK = "open", "older", "all", "no", "pick"
PRESSED = re.compile(rf"(?P<deed>{'|'.join(Deed)}):(?P<job>{JOB}):(?P<index>\d{{1,2}})")
TURNED = re.compile(rf"{OLDER}:(?P<before>\d{{1,12}}(\.\d{{1,9}})?)")
AGREED = re.compile(rf"{SEVERAL}:(?P<asker>-?\d{{1,16}})(?::(?P<start>[\w-]{{43}})|/(?P<job>{JOB}))?")
DECLINED = re.compile(rf"{NONE}:(?P<asker>-?\d{{1,16}})(?::(?P<other>[\w-]{{43}}))?")
PICKED = re.compile(rf"{PICK}:(?P<job>{JOB}):(?P<index>\d{{1,2}}|-)")
OPENED = re.compile(rf"{OPEN}:(?P<job>{JOB})")

VARYING = (Deed.SUBTLE, Deed.STRONG, Deed.REMIX)
LARGER = (Deed.ZOOM, Deed.ENLARGE)
SIDEWAYS = (Deed.LEFT, Deed.RIGHT, Deed.UP, Deed.DOWN)

Keyboard = InlineKeyboardMarkup | None


@dataclass(frozen=True, slots=True)
class Pressed:
    """A deed to picture `index` of a job."""

    deed: Deed
    job: str
    index: int = 0

    def text(self) -> str:
        """Return it as a button's data, the inverse of `read`: at most 64 bytes."""
        return f"{self.deed}:{self.job}:{self.index}"

    @classmethod
    def read(cls, text: str) -> "Pressed | None":
        """Return what a button's data says; None where it is not of this kind."""
        found = PRESSED.fullmatch(text)
        return cls(Deed(found["deed"]), found["job"], int(found["index"])) if found else None


@dataclass(frozen=True, slots=True)
class Agreed:
    """Yes to all that wildcards stand for: who may say it, and what the orders start from.

    That is a kept `picture`, or else whatever a `job` began with. The no beside it knows of another picture.
    """

    asker: int
    picture: str | None = None
    job: str = ""

    def text(self) -> str:
        """Return it as a button's data, the inverse of `read`: at most 64 bytes."""
        start = f":{short_name(self.picture)}" if self.picture else f"/{self.job}" if self.job else ""
        return f"{SEVERAL}:{self.asker}{start}"

    @classmethod
    def read(cls, text: str) -> "Agreed | None":
        """Return what a button's data says; None where it is not of this kind."""
        if (found := AGREED.fullmatch(text)) is None:
            return None
        picture = long_name(found["start"]) if found["start"] else None
        return cls(int(found["asker"]), picture, found["job"] or "")


@dataclass(frozen=True, slots=True)
class Declined:
    """No to all that wildcards stand for: who may say it, and the second of two pictures to start between.

    It stands here because the yes beside it has no room for two.
    """

    asker: int
    other: str | None = None

    def text(self) -> str:
        """Return it as a button's data, the inverse of `read`: at most 64 bytes."""
        return f"{NONE}:{self.asker}" + (f":{short_name(self.other)}" if self.other else "")

    @classmethod
    def read(cls, text: str) -> "Declined | None":
        """Return what a button's data says; None where it is not of this kind."""
        if (found := DECLINED.fullmatch(text)) is None:
            return None
        return cls(int(found["asker"]), long_name(found["other"]) if found["other"] else None)


def turned(text: str) -> float | None:
    """Return the time before which a page of history is wanted; None for other buttons."""
    found = TURNED.fullmatch(text)
    return float(found["before"]) if found else None


def opened(text: str) -> str | None:
    """Return the job of a page of history that is wanted again; None for other buttons."""
    found = OPENED.fullmatch(text)
    return found["job"] if found else None


@dataclass(frozen=True, slots=True)
class Picked:
    """One picture of several, to see what can be done with it; `index` None leads back to all of them."""

    job: str
    index: int | None

    def text(self) -> str:
        """Return it as a button's data, the inverse of `read`: at most 64 bytes."""
        return f"{PICK}:{self.job}:{'-' if self.index is None else self.index}"

    @classmethod
    def read(cls, text: str) -> "Picked | None":
        """Return what a button's data says; None where it is not of this kind."""
        found = PICKED.fullmatch(text)
        return cls(found["job"], None if found["index"] == "-" else int(found["index"])) if found else None


# ── what stands under which message ───────────────────────────────────────────────────────────────


def under(update: Update, language: str) -> Keyboard:
    """Return the buttons of a job's message."""
    job = update.job.id
    match update:
        case Queued() | Progress():
            return _keyboard([_row(job, language, Deed.CANCEL)])
        case Broken() | Cancelled():
            return _keyboard([_row(job, language, Deed.REROLL, Deed.EDIT)])
        case Delivered(pictures=pictures) if update.job.deleted or not pictures:
            return None
        case Delivered(pictures=[_]):
            first = _row(job, language, Deed.REROLL, Deed.SUBTLE, Deed.STRONG)
            second = _row(job, language, Deed.EDIT, Deed.REMIX, Deed.INFO, Deed.DELETE)
            return _keyboard([first, second, _row(job, language, *LARGER), _row(job, language, *SIDEWAYS)])
        case Delivered(pictures=pictures):
            first = _row(job, language, Deed.REROLL, Deed.EDIT, Deed.INFO, Deed.DELETE)
            some = range(len(pictures)) if len(pictures) <= MOST_VARIED else ()
            variations = [_of_one(VARYING, job, index, language) for index in some]
            return _keyboard([first, *variations, *_picking(job, len(pictures), language)])


def under_one(job: str, index: int, language: str) -> Keyboard:
    """Return everything that can be done with one picture of several, and the way back."""
    rows = [_of_one(deeds, job, index, language) for deeds in (VARYING, LARGER, SIDEWAYS)]
    return _keyboard([*rows, [InlineKeyboardButton("←", callback_data=Picked(job, None).text())]])


def under_several(agreed: Agreed, declined: Declined, language: str) -> Keyboard:
    """Return the yes and the no to all that wildcards stand for: the order stands in the message."""
    yes = InlineKeyboardButton(say(language, "web_paint_all"), callback_data=agreed.text())
    no = InlineKeyboardButton(say(language, LABELS[Deed.CANCEL]), callback_data=declined.text())
    return _keyboard([[yes, no]])


def under_found(job: str, language: str) -> Keyboard:
    """Return what can be done with a job that a picture led to."""
    return _keyboard([_row(job, language, Deed.EDIT, Deed.REMIX)])


def under_queue(view: QueueView, language: str) -> Keyboard:
    """Return one Cancel for each of the first jobs, numbered as the lines are."""
    label = say(language, LABELS[Deed.CANCEL])
    jobs = [update.job.id for update in view.mine[:MOST_CANCELS]]
    return _keyboard(
        [_button(f"{label} {place}", Pressed(Deed.CANCEL, job))] for place, job in enumerate(jobs, 1)
    )


def under_history(history: History, language: str) -> Keyboard:
    """Return one number for each finished job of the page, and the way to older ones."""
    numbers = [
        InlineKeyboardButton(str(place), callback_data=f"{OPEN}:{item.job.id}")
        for place, item in enumerate(history.items, 1)
        if isinstance(item, Delivered) and item.pictures
    ]
    rows = [numbers]
    if history.more:
        before = f"{OLDER}:{history.items[-1].job.created_at!r}"
        rows.append([InlineKeyboardButton(say(language, "web_older"), callback_data=before)])
    return _keyboard(rows)


def _of_one(deeds: Sequence[Deed], job: str, index: int, language: str) -> list[InlineKeyboardButton]:
    """Return deeds to one picture of several, whose number is told."""
    return [
        _button(f"{say(language, LABELS[deed])} {index + 1}", Pressed(deed, job, index)) for deed in deeds
    ]


def _picking(job: str, count: int, language: str) -> list[list[InlineKeyboardButton]]:
    """Return the ways to the rest that can be done with each of several pictures."""
    more = say(language, "telegram_more")
    buttons = [
        InlineKeyboardButton(f"{more} {index + 1}", callback_data=Picked(job, index).text())
        for index in range(count)
    ]
    return [buttons[start : start + IN_A_ROW] for start in range(0, count, IN_A_ROW)]


def _row(job: str, language: str, *deeds: Deed) -> list[InlineKeyboardButton]:
    return [_button(say(language, LABELS[deed]), Pressed(deed, job)) for deed in deeds]


def _button(label: str, pressed: Pressed) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=pressed.text())


def _keyboard(rows: Iterable[Sequence[InlineKeyboardButton]]) -> Keyboard:
    filled = [row for row in rows if row]
    return InlineKeyboardMarkup(filled) if filled else None
