"""Pictures that orders start from: looked at, kept for the person, and found again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.clock import Clock
from bot.commands import Extend, From, KeepPicture, Person, PictureOf, Source
from bot.gallery import Gallery
from bot.options import Wish, rounded
from bot.outpainting import Margins, outpainted
from bot.people import People
from bot.refusals import BadOption, BadRecipe, LargeAlready, NoStartsHere, NotFinished, StartUnknown
from bot.sent_picture import SentPicture, mask_from, picture_from
from bot.updates import PictureKept
from generator.models import Model
from generator.recipe import MASKED_STRENGTH, MAX_SIDE, USUAL_STRENGTH, RecipeError, Start
from storage.records import Job, JobState
from storage.starts import StartPicture
from storage.store import Store

SPARE = 20  # pictures of one account that no job needs
TIMES = 2.0  # larger
LEAST_MARGIN, MOST_MARGIN = 0.05, 2.0  # of the picture's side

UNSEEN = "0" * 64  # a picture that nobody has looked at

Size = tuple[int, int]

Named = Callable[[Person, PictureOf], Awaitable[Job]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What an order starts from, once everything is kept; `job` is the one whose picture it is, if any."""

    wanted: From
    picture: StartPicture
    mask: StartPicture | None = None
    other: StartPicture | None = None
    job: Job | None = None

    @property
    def kept(self) -> From:
        """The same, by the names of what is kept now."""
        return replace(
            self.wanted,
            picture=self.picture.sha256,
            mask=self.mask.sha256 if self.mask else None,
            other=self.other.sha256 if self.other else None,
        )

    @property
    def size(self) -> tuple[int, int]:
        """The picture's (width, height)."""
        return self.picture.width, self.picture.height

    def start(self, wish: Wish) -> Start:
        """Return it as a recipe has it; what the text says comes first. Raises BadRecipe."""
        return start_of(
            self.wanted,
            wish,
            picture=self.picture.sha256,
            mask=self.mask.sha256 if self.mask else None,
            other=self.other.sha256 if self.other else None,
        )


def start_of(wanted: From, wish: Wish, *, picture: str, mask: str | None, other: str | None) -> Start:
    """Return the start of a recipe, with the usual strength where nothing was said. Raises BadRecipe."""
    usual = USUAL_STRENGTH if mask is None else MASKED_STRENGTH
    strength = next((each for each in (wish.strength, wanted.strength) if each is not None), usual)
    share = wanted.share if wish.share is None else wish.share
    try:
        return Start(picture=picture, strength=strength, mask=mask, other=other, share=share)
    except RecipeError as error:
        raise BadRecipe(error.rule, error.values) from error


def margins_of(command: Extend) -> Margins:
    """Return by how much a command extends a picture. Raises BadOption where that is not at all."""
    wanted = (command.left, command.right, command.up, command.down)
    left, right, up, down = (min(MOST_MARGIN, max(0.0, each)) if each == each else 0.0 for each in wanted)  # noqa: PLR0124 - NaN
    if max(left, right, up, down) < LEAST_MARGIN:
        raise BadOption(option="extend", value=f"{max(wanted):g}", example="0.5")
    return Margins(left=left, right=right, up=up, down=down)


class Starts:
    """Keeps what people start from. `named` finds a job that a person may know of, or raises a Refusal."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it speaks to
        self, store: Store, gallery: Gallery, people: People, clock: Clock, model: Model, named: Named
    ) -> None:
        self._store = store
        self._gallery = gallery
        self._people = people
        self._clock = clock
        self._model = model
        self._named = named
        self._looking = asyncio.Lock()  # decoded pictures are large

    async def answer(self, command: KeepPicture) -> PictureKept:
        """Keep a picture for an order to come. Raises a Refusal."""
        self._check_model()
        account = await self._people.account(command.by)
        kept = await self._kept(account, account, command.file, mask_from if command.mask else picture_from)
        return PictureKept(sha256=kept.sha256, width=kept.width, height=kept.height)

    async def beginning(self, by: Person, wanted: From) -> Beginning:
        """Keep and find everything that an order starts from. Raises a Refusal."""
        self._check_model()
        account = await self._people.account(by)
        job = await self._named(by, wanted.picture) if isinstance(wanted.picture, PictureOf) else None
        return Beginning(
            wanted=wanted,
            picture=await self._found(by, account, wanted.picture, picture_from),
            mask=await self._found(by, account, wanted.mask, mask_from) if wanted.mask is not None else None,
            other=await self._found(by, account, wanted.other, picture_from)
            if wanted.other is not None
            else None,
            job=job,
        )

    async def sketched(self, by: Person, wanted: From) -> Beginning:
        """Return what an order starts from as far as its price goes: no picture is looked at."""
        self._check_model()
        account = await self._people.account(by)
        picture = await self._sized(by, account, wanted.picture)
        return Beginning(
            wanted=wanted,
            picture=picture,
            mask=picture if wanted.mask is not None else None,
            other=picture if wanted.other is not None else None,
        )

    async def _sized(self, by: Person, account: int, source: Source) -> StartPicture:
        """Return what is known of a picture without a look at it: its size."""
        if isinstance(source, str) and (known := await self._store.starts.find(account, source)) is not None:
            return known
        if not isinstance(source, PictureOf):
            raise StartUnknown
        recipe = (await self._named(by, source)).recipe
        return StartPicture(
            account=account,
            sent_by=account,
            sha256=UNSEEN,
            width=recipe.width,
            height=recipe.height,
            size_bytes=0,
            created_at=0.0,
        )

    async def extended(self, by: Person, source: PictureOf, margins: Margins) -> tuple[Start, Size]:
        """Return what paints around a job's picture, and the size of the whole. Raises a Refusal."""
        account = await self._people.account(by)
        job, file = await self._painted(by, source)
        start, size = self.around(job, margins)
        async with self._looking:
            whole, mask = await asyncio.to_thread(outpainted, file, size, margins)
        picture, around = [await self._keep(account, job.account, each) for each in (whole, mask)]
        return replace(start, picture=picture.sha256, mask=around.sha256), size

    def around(self, job: Job, margins: Margins) -> tuple[Start, Size]:
        """Return the same as far as a price goes: no picture is looked at. Raises a Refusal."""
        self._check_model()
        start = Start(picture=UNSEEN, mask=UNSEEN, strength=self._model.extending_strength)
        return start, margins.canvas(job.recipe.width, job.recipe.height)

    async def enlarged(self, by: Person, source: PictureOf) -> tuple[Start, Size]:
        """Return what paints a job's picture at twice its size, and that size. Raises a Refusal."""
        account = await self._people.account(by)
        job, file = await self._painted(by, source)
        start, size = self.larger(job)
        kept = await self._kept(account, job.account, file, picture_from)
        return replace(start, picture=kept.sha256), size

    def larger(self, job: Job) -> tuple[Start, Size]:
        """Return the same as far as a price goes: no picture is looked at. Raises a Refusal."""
        self._check_model()
        width, height = job.recipe.width, job.recipe.height
        times = min(TIMES, MAX_SIDE / max(width, height))
        if times <= 1:
            raise LargeAlready(size=f"{width}×{height}")
        strength = self._model.enlarging_strength
        start = Start(picture=UNSEEN, strength=strength, tiled=strength > 0)
        return start, (rounded(int(width * times)), rounded(int(height * times)))

    def _check_model(self) -> None:
        if not self._model.takes_pictures:
            raise NoStartsHere(model=self._model.title)

    async def _found(
        self, by: Person, account: int, source: Source, read: Callable[[bytes], SentPicture]
    ) -> StartPicture:
        match source:
            case bytes():
                return await self._kept(account, account, source, read)
            case PictureOf():
                job, file = await self._painted(by, source)
                return await self._kept(account, job.account, file, read)
            case str():
                if (known := await self._store.starts.find(account, source)) is None:
                    raise StartUnknown
                return known

    async def _painted(self, by: Person, source: PictureOf) -> tuple[Job, bytes]:
        """Return a job and the file of its picture."""
        job = await self._named(by, source)
        pictures = await self._store.pictures(job.id)
        wanted = next((each for each in pictures if each.index == source.index), None)
        if job.state is not JobState.SUCCEEDED or wanted is None:
            raise NotFinished
        file = await self._gallery.read(wanted.sha256)
        if file is None:
            raise NotFinished
        return job, file

    async def _kept(
        self, account: int, sent_by: int, content: bytes, read: Callable[[bytes], SentPicture]
    ) -> StartPicture:
        async with self._looking:
            sent = await asyncio.to_thread(read, content)
        return await self._keep(account, sent_by, sent)

    async def _keep(self, account: int, sent_by: int, sent: SentPicture) -> StartPicture:
        now = self._clock.wall()

        async def refer(sha256: str) -> StartPicture:
            kept = StartPicture(
                account=account,
                sent_by=sent_by,
                sha256=sha256,
                width=sent.width,
                height=sent.height,
                size_bytes=len(sent.png),
                created_at=now,
            )
            surplus.extend(await self._store.starts.keep(kept, SPARE))
            return kept

        surplus: list[str] = []
        kept = await self._gallery.keep_file(sent.png, refer)
        assert kept is not None
        await self._gallery.drop(surplus)
        return kept
