"""Finds the job that made a picture: by the file itself, its name, what it looks like, or its recipe."""

import asyncio
import hashlib

from bot.commands import FindPicture
from bot.file_names import named_job
from bot.gallery import Gallery
from bot.looks import Look, colours_apart, look_of
from bot.people import People
from bot.refusals import PictureUnknown
from bot.updates import FoundRecipe, Info
from generator.recipe import Recipe
from storage.records import Job, Picture
from storage.store import Store

MOST_COMPARED = 8  # files read to tell apart what has the same shapes
COLOURS = 12.0  # of 255: copies differ by less, pictures of their own by far more
Found = tuple[Picture, Job]


class Lookup:
    """Private pictures are found by their owner alone."""

    def __init__(self, store: Store, people: People, gallery: Gallery) -> None:
        self._store = store
        self._people = people
        self._gallery = gallery
        self._looking = asyncio.Lock()  # decoded pictures are large

    async def answer(self, command: FindPicture) -> Info | FoundRecipe:
        """Tell the job, or else the recipe in the file. Raises PictureUnknown."""
        account = await self._people.account(command.by)
        found = await self._found(command)
        for picture, job in found:
            if not job.private or job.account == account:
                return await self._info(picture, job, account)
        recipe = await asyncio.to_thread(_recipe_in, command.file) if command.file else None
        if recipe is None or any(recipe in job.recipes() for _, job in found):
            raise PictureUnknown  # what somebody keeps private is not told by its file either
        return FoundRecipe(recipe)

    async def _found(self, command: FindPicture) -> list[Found]:
        """Return the pictures that may be meant, the surest first."""
        named = await self._named(command.name)
        if not command.file:
            return named
        same = await self._store.same(hashlib.sha256(command.file).hexdigest())
        return [*same, *named] if same or named else await self._alike(command.file)

    async def _named(self, name: str) -> list[Found]:
        if (meant := named_job(name)) is None:
            return []
        job, index = meant
        found = await self._store.job(job)
        if found is None or found.deleted:
            return []
        pictures = await self._store.pictures(job)
        return [(picture, found) for picture in pictures if picture.index == index]

    async def _alike(self, file: bytes) -> list[Found]:
        async with self._looking:
            look = await asyncio.to_thread(look_of, file)
            if look is None or look.bits is None:
                return []
            near = (await self._store.alike(look.bits))[:MOST_COMPARED]
            compared = [(await self._apart(look, picture), picture, job) for _, picture, job in near]
        alike = [(apart, picture, job) for apart, picture, job in compared if apart <= COLOURS]
        return [(picture, job) for _, picture, job in sorted(alike, key=lambda each: each[0])]

    async def _apart(self, look: Look, picture: Picture) -> float:
        """Return how far a kept picture's colours are from these."""
        file = await self._gallery.read(picture)
        other = await asyncio.to_thread(look_of, file) if file else None
        return colours_apart(look, other) if other else 255.0

    async def _info(self, picture: Picture, job: Job, account: int) -> Info:
        pictures = await self._store.pictures(job.id)
        receipt = await self._store.receipt(job.id) if job.account == account else ()
        return Info(job=job, pictures=tuple(pictures), receipt=tuple(receipt), picture=picture.index)


def _recipe_in(file: bytes) -> Recipe | None:
    from generator.metadata import read_recipe  # noqa: PLC0415 - loads Pillow

    return read_recipe(file)
