"""Finds the job that made a picture: by the file itself, its name, what it looks like, or its recipe."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from bot.commands import FindPicture
from bot.file_names import named_job
from bot.looks import Look, colours_apart, look_of
from bot.options import Defaults, workable
from bot.people import People
from bot.refusals import PictureUnknown
from bot.updates import FoundRecipe, Info
from generator.models import Model
from storage.records import Alike, Job, Picture
from storage.store import Store

COLOURS = 4.0  # of 255: copies differ by less; siblings may too, but by more than a copy
MOST_COPIES = 20
Found = tuple[Picture, Job]


class Lookup:
    """Private pictures are found by their owner alone."""

    def __init__(self, store: Store, people: People, model: Model, defaults: Defaults) -> None:
        self._store = store
        self._people = people
        self._model = model
        self._defaults = defaults
        self._looking = asyncio.Lock()  # decoded pictures are large

    async def answer(self, command: FindPicture) -> Info | FoundRecipe:
        """Tell the job, or else the recipe in the file, as far as it can be ordered here.

        Raises PictureUnknown.
        """
        account = await self._people.account(command.by)
        found = await self._found(command)
        for picture, job in found:
            if not job.private or job.account == account:
                return await self._info(picture, job, account)
        told = await asyncio.to_thread(_told_by, command.file) if command.file else None
        if told is None or any(told.made_with or told.recipe in job.recipes() for _, job in found):
            raise PictureUnknown  # what somebody keeps private is not told by its file either
        return replace(told, recipe=workable(told.recipe, self._model, self._defaults.loras))

    async def _found(self, command: FindPicture) -> list[Found]:
        """Return the pictures that may be meant, the surest first."""
        named = await self._named(command.name)
        if not command.file:
            return named
        same = await self._store.same(hashlib.sha256(command.file).hexdigest())
        return [*same, *named] if same or named else await self._alike(command.file)

    async def _named(self, name: str) -> list[Found]:
        meant = named_job(name)
        found = await self._picture(*meant) if meant else None
        return [found] if found else []

    async def _picture(self, job: str, index: int) -> Found | None:
        found = await self._store.job(job)
        if found is None or found.deleted:
            return None
        pictures = await self._store.pictures(job)
        return next(((picture, found) for picture in pictures if picture.index == index), None)

    async def _alike(self, file: bytes) -> list[Found]:
        async with self._looking:
            look = await asyncio.to_thread(look_of, file)
        if look is None or look.bits is None:
            return []
        near = await asyncio.to_thread(_nearest, look, await self._store.alike(look.bits))
        found = [await self._picture(alike.job, alike.index) for alike in near]
        return [both for both in found if both is not None]

    async def _info(self, picture: Picture, job: Job, account: int) -> Info:
        pictures = await self._store.pictures(job.id)
        receipt = await self._store.receipt(job.id) if job.account == account else ()
        return Info(job=job, pictures=tuple(pictures), receipt=tuple(receipt), picture=picture.index)


def _nearest(look: Look, alike: Sequence[Alike]) -> list[Alike]:
    """Return those whose colours are a copy's, the nearest first."""
    compared = [(colours_apart(look.colours, each.colours), each) for each in alike]
    copies = [(apart, each) for apart, each in compared if apart <= COLOURS]
    return [each for _, each in sorted(copies, key=lambda pair: pair[0])[:MOST_COPIES]]


def _told_by(file: bytes) -> FoundRecipe | None:
    """Return what the file itself says, in our words or in those of other programs."""
    from generator.foreign_metadata import read_foreign  # noqa: PLC0415 - loads Pillow
    from generator.metadata import read_recipe  # noqa: PLC0415 - the same

    if (own := read_recipe(file)) is not None:
        return FoundRecipe(own)
    foreign = read_foreign(file)
    return None if foreign is None else FoundRecipe(foreign, made_with=foreign.model)
