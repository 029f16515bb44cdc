"""Finished files and the rows that refer to them move together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot.looks import look_of
from bot.updates import Delivered
from generator.messages import Finished
from storage.pictures import Kept, Pictures
from storage.records import Emptied, Job, Picture
from storage.store import Store

T = TypeVar("T")

PROBE = bytes(1 << 20)  # about the size of a picture


class Gallery:
    """Keeps and removes the pictures of jobs.

    One at a time: a file that one job lets go of while another is about to refer to it must survive.
    """

    def __init__(self, store: Store, folder: Pictures, secret: Callable[[], str]) -> None:
        self._store = store
        self._folder = folder
        self._secret = secret
        self._moving = asyncio.Lock()

    async def keep(self, job: Job, files: Sequence[Finished], now: float) -> Delivered | None:
        """Store the files and settle the job as succeeded. None when the attempt no longer holds it.

        Raises StorageError when they cannot be kept now; then nothing is settled.
        """
        async with self._moving:
            pictures = [await self._put(job, index, file) for index, file in enumerate(files)]
            seconds = sum(file.seconds for file in files)
            ended = await self._store.succeed(job.id, job.attempt, pictures, seconds, now)
            if ended is not None:
                return Delivered(job=ended, pictures=tuple(pictures))
            await self._drop([picture.sha256 for picture in pictures])
            return None

    async def remove(self, job: str, now: float) -> None:
        """Hide an ended job and delete the files that nothing else needs."""
        async with self._moving:
            await self._folder.remove(await self._store.delete(job, now))

    async def erase(self, account: int, now: float) -> Emptied | None:
        """Forget all of an account, and delete the files; None while one of its jobs is running."""
        async with self._moving:
            emptied = await self._store.erase(account, now)
            if emptied is not None:
                await self._folder.remove(emptied.hashes)
            return emptied

    async def empty(self, job: str) -> None:
        """Delete an ended job's pictures and keep the job."""
        await self.let_go(lambda: self._store.forget_pictures(job))

    async def let_go(self, forget: Callable[[], Awaitable[Sequence[str]]]) -> None:
        """Delete the contents that nothing refers to once `forget` is done."""
        async with self._moving:
            await self._folder.remove(await forget())

    async def keep_file(self, content: bytes, refer: Callable[[str], Awaitable[T | None]]) -> T | None:
        """Write a content and let `refer` note its SHA-256; where it does not, the content goes again."""
        async with self._moving:
            sha256 = await self._folder.put(content)
            if (noted := await refer(sha256)) is None:
                await self._drop([sha256])
            return noted

    async def drop(self, hashes: Sequence[str]) -> None:
        """Delete those of some contents that nothing refers to now."""
        async with self._moving:
            await self._drop(hashes)

    async def read(self, sha256: str) -> bytes | None:
        """Return a content, None where it is gone. Raises StorageError."""
        return await self._folder.read(sha256)

    async def kept(self, sha256: str) -> Kept | None:
        """Say where a content is to be had from us, None where it is gone. Raises StorageError."""
        return await self._folder.kept(sha256, link=False)

    async def probe(self) -> None:
        """Raise StorageError while a picture could not be kept."""
        async with self._moving:
            await self._drop([await self._folder.put(PROBE)])

    async def _put(self, job: Job, index: int, file: Finished) -> Picture:
        sha256 = await self._folder.put(file.file)
        look = await asyncio.to_thread(look_of, file.file)
        return Picture(
            job=job.id,
            index=index,
            sha256=sha256,
            format=file.format,
            width=file.width,
            height=file.height,
            size_bytes=len(file.file),
            truncated=file.truncated,
            secret=self._secret(),
            look=look.bits if look else None,
            colours=look.colours if look else None,
        )

    async def _drop(self, hashes: Sequence[str]) -> None:
        await self._folder.remove(await self._store.unreferenced(hashes))
