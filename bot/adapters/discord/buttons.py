"""What can be pressed under a message. Each custom_id holds all that it needs, so any restart survives."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ui

from bot.deeds import AROUND, LABELS, Deed
from bot.pages import MOST_OF_LIST_PROMPT, remixed
from bot.short_names import long_name, short_name
from bot.texts import say
from bot.updates import Broken, Cancelled, Delivered, History, Progress, Queued, QueueView, Update
from storage.records import Job

JOB = r"[A-Za-z0-9_-]{1,64}"
MOST_PICKED = 25  # what a select holds
MOST_CANCELS = 5  # in the list of waiting jobs: one row
EDIT_FIELD = "prompt"
MOST_OF_FIELD = 4000
SHORT = r"[A-Za-z0-9_-]{43}"  # a SHA-256 made short
BEGUN = rf"(:(?P<job>{JOB})(:(?P<index>\d{{1,2}}))?|/(?P<start>{SHORT})(?P<other>{SHORT})?)?"
EDITED, SEVERAL = "edited", "all"
FORM = re.compile(rf"pinxit:{EDITED}{BEGUN}")

Press = discord.Interaction[Any]
STYLES = {Deed.DELETE: discord.ButtonStyle.danger, Deed.CANCEL: discord.ButtonStyle.danger}


@dataclass(frozen=True, slots=True)
class Begun:
    """What an order paints from: nothing, a job's picture, what that job began with, or a kept picture.

    With `other` it lies between two kept pictures.
    """

    job: str = ""
    index: int | None = None
    sha256: str | None = None
    other: str | None = None

    @property
    def picture(self) -> bool:
        """Whether there is a picture."""
        return bool(self.job or self.sha256)

    def text(self, kind: str = EDITED) -> str:
        """Return it as a form or a button is known by it, the inverse of `read`."""
        if self.sha256 is not None:
            other = "" if self.other is None else short_name(self.other)
            return f"pinxit:{kind}/{short_name(self.sha256)}{other}"
        index = "" if self.index is None else f":{self.index}"
        return f"pinxit:{kind}:{self.job}{index}" if self.job else f"pinxit:{kind}"

    @classmethod
    def read(cls, text: str) -> "Begun | None":
        """Return what a form is about; None for others."""
        found = FORM.fullmatch(text)
        return cls.found(found) if found else None

    @classmethod
    def found(cls, found: re.Match[str]) -> "Begun":
        """Return what BEGUN has found."""
        index = int(found["index"]) if found["index"] else None
        start, other = (long_name(found[each]) if found[each] else None for each in ("start", "other"))
        return cls(found["job"] or "", index, start, other)


class JobButton(
    ui.DynamicItem[ui.Button[Any]],
    template=rf"pinxit:(?P<deed>{'|'.join(Deed)}):(?P<job>{JOB}):(?P<index>\d{{1,2}})(?P<public>:public)?",
):
    """One deed to one picture of a job; `index` matters to variations alone.

    `public` is for buttons that one person sees while what they order is for everybody.
    """

    def __init__(  # noqa: PLR0913 - what its custom_id and its looks hold
        self,
        deed: Deed,
        job: str,
        index: int = 0,
        *,
        public: bool = False,
        label: str = "",
        row: int | None = None,
    ) -> None:
        style = STYLES.get(deed, discord.ButtonStyle.secondary)
        custom_id = f"pinxit:{deed}:{job}:{index}{':public' if public else ''}"
        super().__init__(ui.Button(style=style, label=label or deed.value, custom_id=custom_id, row=row))
        self.deed, self.job, self.index, self.public = deed, job, index, public

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls(Deed(match["deed"]), match["job"], int(match["index"]), public=match["public"] is not None)

    async def callback(self, press: Press) -> None:
        """Do the deed."""
        await press.client.office.deeds.pressed(press, self.deed, self.job, self.index, public=self.public)


class PickedPicture(ui.DynamicItem[ui.Select[Any]], template=rf"pinxit:pick:(?P<job>{JOB})"):
    """Chooses one of a job's pictures, to see it alone."""

    def __init__(self, job: str, item: ui.Select[Any]) -> None:
        super().__init__(item)
        self.job = job

    @classmethod
    async def from_custom_id(cls, _press: Press, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the select that was used."""
        assert isinstance(item, ui.Select)
        return cls(match["job"], item)

    async def callback(self, press: Press) -> None:
        """Show the picture."""
        await press.client.office.deeds.picked(press, self.job, int(self.item.values[0]))


class OpenedJob(ui.DynamicItem[ui.Select[Any]], template=r"pinxit:open"):
    """Chooses one job of a page of history, to see it again."""

    @classmethod
    async def from_custom_id(cls, _press: Press, item: ui.Item[Any], _match: re.Match[str], /) -> Self:
        """Return the select that was used."""
        assert isinstance(item, ui.Select)
        return cls(item)

    async def callback(self, press: Press) -> None:
        """Show the job's pictures."""
        await press.client.office.deeds.picked(press, self.item.values[0], None)


class OlderPage(ui.DynamicItem[ui.Button[Any]], template=r"pinxit:older:(?P<before>\d{1,12}(\.\d{1,9})?)"):
    """Turns to the page of history before a time."""

    def __init__(self, before: float, label: str = "…") -> None:
        super().__init__(ui.Button(label=label, custom_id=f"pinxit:older:{before!r}", row=1))
        self.before = before

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls(float(match["before"]))

    async def callback(self, press: Press) -> None:
        """Turn the page."""
        await press.client.office.looking.history(press, self.before)


class SeveralButton(ui.DynamicItem[ui.Button[Any]], template=rf"pinxit:(?:{SEVERAL}|several){BEGUN}"):
    """The yes to all that wildcards stand for. The order stands in its message, what it starts from here.

    Two pictures leave no room for a longer name; messages with one picture know it by a longer one too.
    """

    def __init__(self, begun: Begun, label: str = "…") -> None:
        style = discord.ButtonStyle.primary
        super().__init__(ui.Button(style=style, label=label, custom_id=begun.text(SEVERAL)))
        self.begun = begun

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls(Begun.found(match))

    async def callback(self, press: Press) -> None:
        """Order everything."""
        await press.client.office.several.agreed(press, self.begun)


class NeverMind(ui.DynamicItem[ui.Button[Any]], template="pinxit:none"):
    """The no to all that wildcards stand for."""

    def __init__(self, label: str = "…") -> None:
        super().__init__(ui.Button(label=label, custom_id="pinxit:none"))

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], _match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls()

    async def callback(self, press: Press) -> None:
        """Take the question back."""
        await press.client.office.several.declined(press)


class KeptPicture(ui.DynamicItem[ui.Button[Any]], template=rf"pinxit:kept:(?P<start>{SHORT})"):
    """Asks what to make of a picture that was kept."""

    def __init__(self, sha256: str, label: str = "…") -> None:
        custom_id, style = f"pinxit:kept:{short_name(sha256)}", discord.ButtonStyle.primary
        super().__init__(ui.Button(style=style, label=label, custom_id=custom_id))
        self.sha256 = sha256

    @classmethod
    async def from_custom_id(cls, _press: Press, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Return the button that was pressed."""
        return cls(long_name(match["start"]))

    async def callback(self, press: Press) -> None:
        """Open the form."""
        await press.client.office.lookups.kept(press, self.sha256)


ITEMS = (JobButton, PickedPicture, OpenedJob, OlderPage, SeveralButton, NeverMind, KeptPicture)


# ── what stands under which message ───────────────────────────────────────────────────────────────


def under(update: Update, language: str) -> ui.View:
    """Return the buttons of a job's message."""
    job = update.job.id
    match update:
        case Queued() | Progress():
            return _view(language, job, [Deed.CANCEL])
        case Broken() | Cancelled():
            return _view(language, job, [Deed.REROLL, Deed.EDIT])
        case Delivered(pictures=pictures) if update.job.deleted or not pictures:
            return ui.View(timeout=None)
        case Delivered(pictures=[_]):
            first = [Deed.REROLL, Deed.SUBTLE, Deed.STRONG, Deed.EDIT, Deed.INFO]
            return _view(language, job, first, [Deed.REMIX, Deed.ENLARGE, Deed.DELETE], AROUND)
        case Delivered(pictures=pictures):
            view = _view(language, job, [Deed.REROLL, Deed.EDIT, Deed.INFO, Deed.DELETE])
            return view.add_item(PickedPicture(job, _choice_of_pictures(job, len(pictures), language)))


def under_one(job: str, index: int, language: str, *, public: bool) -> ui.View:
    """Return the buttons of one picture that is shown alone, to one person."""
    view = ui.View(timeout=None)
    rows = ((Deed.SUBTLE, Deed.STRONG, Deed.REMIX, Deed.ENLARGE), AROUND)
    for row, deeds in enumerate(rows):
        for deed in deeds:
            label = say(language, LABELS[deed])
            view.add_item(JobButton(deed, job, index, public=public, label=label, row=row))
    return view


def under_several(begun: Begun, language: str) -> ui.View:
    """Return the yes and the no to all that wildcards stand for."""
    view = ui.View(timeout=None).add_item(SeveralButton(begun, say(language, "web_paint_all")))
    return view.add_item(NeverMind(say(language, LABELS[Deed.CANCEL])))


def under_kept(sha256: str, language: str) -> ui.View:
    """Return the way to say what to make of a kept picture."""
    return ui.View(timeout=None).add_item(KeptPicture(sha256, say(language, "remix")))


def under_found(job: str, language: str) -> ui.View:
    """Return what can be done with a job that a picture led to."""
    return _view(language, job, [Deed.EDIT, Deed.REMIX])


def under_queue(view: QueueView, language: str) -> ui.View:
    """Return one Cancel for each of the first jobs, numbered as the lines are."""
    buttons = ui.View(timeout=None)
    for place, update in enumerate(view.mine[:MOST_CANCELS], 1):
        label = f"{say(language, LABELS[Deed.CANCEL])} {place}"
        buttons.add_item(JobButton(Deed.CANCEL, update.job.id, label=label))
    return buttons


def under_history(history: History, language: str) -> ui.View:
    """Return a choice of the page's finished jobs, and the way to older ones."""
    view = ui.View(timeout=None)
    finished = [item for item in history.items if isinstance(item, Delivered) and item.pictures]
    if finished:
        view.add_item(OpenedJob(_choice_of_jobs(finished, language)))
    if history.more:
        view.add_item(OlderPage(history.items[-1].job.created_at, say(language, "web_older")))
    return view


def remix_form(job: Job, index: int, language: str) -> ui.Modal:
    """Return the form that asks what to make of a job's picture."""
    return edit_form(remixed(job, MOST_OF_FIELD), language, Begun(job.id, index))


def edit_form(text: str, language: str, begun: Begun) -> ui.Modal:
    """Return the form that is filled with a whole order, to be changed."""
    form = ui.Modal(title=say(language, "discord_edit"), custom_id=begun.text(), timeout=1.0)
    field: ui.TextInput[Any] = ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id=EDIT_FIELD,
        default=text,
        max_length=MOST_OF_FIELD,
    )
    return form.add_item(ui.Label(text=say(language, "field_prompt"), component=field))


def _view(language: str, job: str, *rows: Sequence[Deed]) -> ui.View:
    view = ui.View(timeout=None)
    for row, deeds in enumerate(rows):
        for deed in deeds:
            view.add_item(JobButton(deed, job, label=say(language, LABELS[deed]), row=row))
    return view


def _choice_of_pictures(job: str, count: int, language: str) -> ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=say(language, "web_numbered", number=index + 1, count=count), value=str(index)
        )
        for index in range(min(count, MOST_PICKED))
    ]
    placeholder = say(language, "discord_pick")
    return ui.Select(custom_id=f"pinxit:pick:{job}", options=options, placeholder=placeholder, row=1)


def _choice_of_jobs(finished: Sequence[Delivered], language: str) -> ui.Select[Any]:
    options = [
        discord.SelectOption(label=item.job.recipe.prompt[:MOST_OF_LIST_PROMPT], value=item.job.id)
        for item in finished
    ]
    return ui.Select(
        custom_id="pinxit:open", options=options, placeholder=say(language, "discord_open"), row=0
    )
