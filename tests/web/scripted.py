"""A service that plays a script, for states of the page that the real painter passes too fast to be seen."""

import asyncio
import contextlib
import hashlib
import io
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

from bot.adapters.web.app import Door, Gallery, web_app
from bot.adapters.web.chat import Core, WebChat
from bot.adapters.web.messages import owner
from bot.adapters.web.options import options_for
from bot.adapters.web.server import WebServer
from bot.commands import (
    KEEP,
    Cancel,
    ChangeSettings,
    Command,
    Delete,
    DeleteMine,
    DeleteStyle,
    DrawAll,
    Enlarge,
    ExportMine,
    Extend,
    FindPicture,
    From,
    Imagine,
    KeepPicture,
    MakeLink,
    PriceOrder,
    RenameStyle,
    Reroll,
    SaveStyle,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowLoras,
    ShowQueue,
    ShowSettings,
    ShowStyles,
    UseLink,
    Vary,
)
from bot.options import Defaults, parse
from bot.own_styles import own_styles, style_of
from bot.refusals import LinkCodeWrong, NoSuchJob, PictureUnknown, Refusal
from bot.sent_picture import SentPicture, mask_from, picture_from
from bot.styles import read_styles
from bot.updates import (
    AllAccepted,
    Answer,
    Broken,
    Cancelled,
    Deleted,
    DeletionAsked,
    Delivered,
    Erased,
    Exported,
    History,
    Info,
    LinkAsked,
    LinkCode,
    Linked,
    LoraList,
    PictureKept,
    PreferencesView,
    Progress,
    Queued,
    QueueView,
    Refused,
    SeveralAsked,
    StyleGone,
    StyleKept,
    StyleList,
    Update,
    Wallet,
)
from bot.wildcards import alternatives
from generator.messages import Fault, Health, PictureFormat, Ready
from generator.models import EMBEDDED_MODEL, Model
from generator.recipe import Start
from storage.pictures import OnDisk
from storage.records import Balance, Entry, Identity, Job, JobState, Kind, NewPost, Picture, Post, Preferences

OWNER_POST = Post(id=1, job="", platform="web", address="{}", language="en", rung=None)


@contextlib.asynccontextmanager
async def running(server: WebServer) -> AsyncIterator[WebServer]:
    """Serve until the end of the block."""
    serving = asyncio.create_task(server.run())
    try:
        yield server
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


class ScriptedService:
    """Accepts everything as queued; the test says what happens next."""

    def __init__(self, folder: Path, sampler: Path | None = None, model: Model = EMBEDDED_MODEL) -> None:
        self.folder = folder
        self.shown: dict[str, Update] = {}
        self.keys: dict[str, str] = {}
        self.pictures: dict[str, Picture] = {}
        self.health: Health = Ready(EMBEDDED_MODEL.name)
        self.heard: list[Command] = []
        self.preferences = Preferences()
        self.available = 1985
        self.sent: dict[str, SentPicture] = {}
        self.chat = WebChat(
            Core(
                answer=self.answer,
                health=lambda: self.health,
                options=partial(options_for, model, 4, ("snow",)),
                examples=lambda _: ("a red circle on a blue background", "a yellow star at night"),
                sampler=sampler,
            )
        )

    def server(self, port: int = 0, host: str = "127.0.0.1", **door: object) -> WebServer:
        """Return the real server around this service."""
        gallery = Gallery(picture=self.picture, kept=self.kept, started=self.started)
        app = web_app(self.chat, gallery, Door(host=host, **door))  # type: ignore[arg-type]
        return WebServer(app, self.chat, host, port)

    async def kept(self, sha256: str, *, link: bool) -> OnDisk | None:
        path = self.folder / sha256
        return OnDisk(path) if path.is_file() and not link else None

    async def started(self, sha256: str) -> bool:
        return sha256 in self.sent

    async def picture(self, secret: str) -> Picture | None:
        return self.pictures.get(secret)

    async def answer(self, command: Command) -> Answer:
        self.heard.append(command)
        try:
            return self._answer(command)
        except Refusal as refusal:
            return Refused(refusal)

    async def accepted(self, text: str) -> str:
        """Accept a prompt as if typed; return the job's id."""
        post = NewPost(platform="web", address="{}", language="en")
        await self.answer(Imagine(by=owner("en"), key=f"key{len(self.keys)}", text=text, post=post))
        return self.newest()

    async def show(self, update: Update) -> None:
        """Let a job's message change."""
        self.shown[update.job.id] = update
        await self.chat.show(replace(OWNER_POST, job=update.job.id), update)

    # ── what happens next ──

    async def paint(self, job: str, step: int, colour: tuple[int, int, int] = (200, 60, 40)) -> None:
        """Let a job reach a step, with a preview of every picture."""
        moved = self._moved(job, JobState.RUNNING, attempt=1)
        previews = tuple((index, picture_of(colour, (32, 32), index, "JPEG")) for index in range(moved.count))
        await self.show(Progress(job=moved, step=step, steps=moved.recipe.steps, previews=previews))

    async def finish(self, job: str, *, truncated: bool = False) -> None:
        """Let a job's pictures be done."""
        moved = replace(self._moved(job, JobState.SUCCEEDED, attempt=1), draw_seconds=0.93)
        pictures = tuple(self._stored(moved, index, truncated) for index in range(moved.count))
        await self.show(Delivered(job=moved, pictures=pictures))

    async def fail(self, job: str, fault: Fault = Fault.OUT_OF_MEMORY) -> None:
        """Let a job break."""
        await self.show(Broken(job=self._moved(job, JobState.FAILED, attempt=1), fault=fault))

    def newest(self) -> str:
        """Return the id of the job accepted last."""
        return list(self.shown)[-1]

    # ── answers ──

    def _answer(self, command: Command) -> Answer:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one line for each command
        match command:
            case Imagine(text=text, start=start) if len(texts := alternatives(text)) > 1:
                return self._priced(texts, start)
            case PriceOrder(order=order):
                return self._priced(alternatives(order.text), order.start)
            case Imagine(key=key, text=text, start=start):
                return self._accept(key, lambda: self._imagined(text, start))
            case DrawAll(draws=draws):
                each = [self._answer(draw) for draw in draws]
                return AllAccepted(tuple(update for update in each if isinstance(update, Update)))
            case Reroll(key=key, job=job):
                return self._accept(key, lambda: self._again(job, None))
            case Vary(key=key, job=job, strong=strong):
                return self._accept(key, lambda: self._again(job, 0.4 if strong else 0.15))
            case Extend(key=key, job=job) | Enlarge(key=key, job=job):
                return self._accept(key, lambda: self._again(job, None))
            case Cancel(job=job):
                self.shown[job] = Cancelled(job=self._moved(job, JobState.CANCELLED, attempt=1))
                return self.shown[job]
            case Delete(job=job):
                self.shown.pop(self._known(job).id)
                return Deleted(job)
            case ShowInfo(job=job):
                return self._info(self.shown[self._known(job).id])
            case ShowBalance():
                return Wallet(balance=Balance(available=1985, held=4), daily_allowance=500, entries=entries())
            case ShowQueue():
                mine = tuple(one for one in self.shown.values() if isinstance(one, Queued | Progress))
                return QueueView(mine=mine, length=len(mine))
            case ShowSettings():
                return PreferencesView(self.preferences)
            case ChangeSettings(aspect=aspect, count=count):
                kept = {
                    name: value for name, value in (("aspect", aspect), ("count", count)) if value != KEEP
                }
                self.preferences = replace(self.preferences, **kept)
                return PreferencesView(self.preferences)
            case ShowLoras():
                return LoraList(("outline", "snow"))
            case ShowStyles():
                return StyleList(read_styles().all(), own_styles(self.preferences))
            case SaveStyle(name=name, text=text):
                own = dict(self.preferences.styles) | {name: text}
                self.preferences = replace(self.preferences, styles=tuple(own.items()))
                return StyleKept(style_of(name, text))
            case RenameStyle(name=name, to=to):
                own = {to if each == name else each: text for each, text in self.preferences.styles}
                self.preferences = replace(self.preferences, styles=tuple(own.items()))
                return StyleKept(style_of(to, own[to]))
            case DeleteStyle(name=name):
                kept = tuple(each for each in self.preferences.styles if each[0] != name)
                self.preferences = replace(self.preferences, styles=kept)
                return StyleGone(name)
            case KeepPicture(file=file, mask=mask):
                sent = mask_from(file) if mask else picture_from(file)
                sha256 = hashlib.sha256(sent.png).hexdigest()
                self.sent[sha256] = sent
                (self.folder / sha256).write_bytes(sent.png)
                return PictureKept(sha256=sha256, width=sent.width, height=sent.height)
            case FindPicture():
                raise PictureUnknown
            case MakeLink():
                return LinkCode(code="ABCD2345", life_seconds=600)
            case UseLink(code="WXYZ6789", confirmed=False):
                return LinkAsked(code="WXYZ6789", name="Ada", identities=(Identity("discord", "7"),))
            case UseLink(code="WXYZ6789"):
                return Linked(identities=(), balance=Balance(available=7, held=0), lapsed=0)
            case UseLink():
                raise LinkCodeWrong
            case ExportMine():
                return Exported(file=b'{"jobs": []}', name="pinxit-export.json")
            case DeleteMine(confirmed=True):
                jobs = len(self.shown)
                self.shown.clear()
                return Erased(jobs=jobs, cancelled=0)
            case DeleteMine():
                return DeletionAsked(jobs=len(self.shown), credits=7)
            case ShowHistory(before=before, limit=limit):
                items = [
                    one
                    for one in reversed(self.shown.values())
                    if before is None or one.job.created_at < before
                ]
                return History(items=tuple(items[:limit]), more=len(items) > limit)

    def _accept(self, key: str, make: Callable[[], Job]) -> Answer:
        if key not in self.keys:
            job = make()
            self.keys[key] = job.id
            self.shown[job.id] = Queued(job=job, place=len(self.shown) + 1, eta_seconds=2.4)
        return self.shown[self.keys[key]]

    def _priced(self, texts: Sequence[str], start: From | None) -> SeveralAsked:
        price = sum(self._imagined(text, start).count for text in texts)
        balance = Balance(available=self.available, held=4)
        return SeveralAsked(texts=tuple(texts), pictures=price, price=price, balance=balance)

    def _imagined(self, text: str, start: From | None = None) -> Job:
        begun = {"starts_from": (64, 64), "blends": start.other is not None} if start else {}
        wish = parse(text, EMBEDDED_MODEL, Defaults(loras=("snow",), **begun))
        number = len(self.keys) + 1
        return Job(
            id=f"job{number:03}",
            account=1,
            recipe=replace(wish.recipe(EMBEDDED_MODEL, seed=number), start=_begun(start)),
            count=wish.count,
            format=wish.format,
            price=wish.count,
            cost_seconds=1.0,
            parent=None,
            state=JobState.QUEUED,
            attempt=0,
            losses=0,
            fault=None,
            created_at=time.time(),
            ended_at=None,
            draw_seconds=None,
            deleted=False,
        )

    def _again(self, job: str, strength: float | None) -> Job:
        old = self._known(job)
        recipe = old.recipe.rerolled(99) if strength is None else old.recipe.varied(7, strength)
        number = len(self.keys) + 1
        fresh = {"state": JobState.QUEUED, "attempt": 0, "draw_seconds": None, "created_at": time.time()}
        return replace(old, id=f"job{number:03}", recipe=recipe, count=1, parent=job, **fresh)

    def _info(self, update: Update) -> Info:
        pictures = update.pictures if isinstance(update, Delivered) else ()
        return Info(job=update.job, pictures=pictures, receipt=entries()[:2])

    def _known(self, job: str) -> Job:
        if job not in self.shown:
            raise NoSuchJob
        return self.shown[job].job

    def _moved(self, job: str, state: JobState, attempt: int) -> Job:
        return replace(self._known(job), state=state, attempt=attempt)

    def _stored(self, job: Job, index: int, truncated: bool) -> Picture:
        recipe = job.recipe
        content = picture_of((214, 64, 42), (recipe.width, recipe.height), index, "PNG")
        sha256 = hashlib.sha256(content).hexdigest()
        (self.folder / sha256).write_bytes(content)
        secret = f"secret-of-{job.id}-{index}"
        self.pictures[secret] = Picture(
            job=job.id,
            index=index,
            sha256=sha256,
            format=PictureFormat.PNG,
            width=recipe.width,
            height=recipe.height,
            size_bytes=len(content),
            truncated=truncated,
            secret=secret,
        )
        return self.pictures[secret]


def _begun(start: From | None) -> Start | None:
    """Return what a recipe starts from, where that was sent."""
    if start is None or not isinstance(start.picture, str):
        return None
    other = start.other if isinstance(start.other, str) else None
    return Start(picture=start.picture, strength=start.strength or 0.6, other=other, share=start.share)


def picture_of(colour: tuple[int, int, int], size: tuple[int, int], index: int, kind: str) -> bytes:
    """Return a file of a circle on a blue ground."""
    image = Image.new("RGB", size, (38, 70, 140 + 20 * index))
    width, height = size
    radius = min(size) * (0.22 + 0.04 * index)
    box = (width / 2 - radius, height / 2 - radius, width / 2 + radius, height / 2 + radius)
    ImageDraw.Draw(image).ellipse(box, fill=colour)
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def entries() -> tuple[Entry, ...]:
    """Return a short ledger."""

    def entry(kind: Kind, available: int, held: int, job: str | None) -> Entry:
        key = f"{kind}-{available}"
        return Entry(
            key=key, account=1, kind=kind, available=available, held=held, job=job, note="", created_at=1.76e9
        )

    return (
        entry(Kind.HOLD, -4, 4, "job001"),
        entry(Kind.CAPTURE, 0, -4, "job001"),
        entry(Kind.RELEASE, 1, -1, "job002"),
        entry(Kind.ALLOWANCE, 500, 0, None),
    )


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something is true, with a generous deadline."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for is in a browser or a socket
            await asyncio.sleep(0.01)
