"""Finished files and the rows that refer to them move together."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import TypeVar

from bot.looks import look_of
from bot.updates import Delivered
from generator.messages import Finished
from storage.pictures import Kept, Pictures
from storage.records import Emptied, Job, Picture
from storage.store import StorageError, Store

T = TypeVar("T")

PROBE = bytes(1 << 20)  # about the size of a picture


class Gallery:
    """Keeps and removes the pictures of jobs.

    A file that one job lets go of while another is about to refer to it must survive. So a bot that is
    alone does one thing at a time; bots that share a database keep apart there, content by content.
    """

    def __init__(self, store: Store, folder: Pictures, secret: Callable[[], str]) -> None:
        self._store = store
        self._folder = folder
        self._secret = secret
        self._moving = _at_once() if store.company.shared else asyncio.Lock()

    async def keep(self, job: Job, files: Sequence[Finished], now: float) -> Delivered | None:
        """Store the files and settle the job as succeeded. None when the attempt no longer holds it.

        Raises StorageError when they cannot be kept now; then nothing is settled.
        """
        async with self._keeping([file.file for file in files]):
            pictures = [await self._put(job, index, file) for index, file in enumerate(files)]
            seconds = sum(file.seconds for file in files)
            ended = await self._store.succeed(job.id, job.attempt, pictures, seconds, now)
        return None if ended is None else Delivered(job=ended, pictures=tuple(pictures))

    async def remove(self, job: str, now: float) -> None:
        """Hide an ended job and delete the files that nothing else needs."""
        await self.let_go(lambda: self._store.delete(job, now))

    async def erase(self, account: int, now: float) -> Emptied | None:
        """Forget all of an account, and delete the files; None while one of its jobs is running."""
        async with self._moving:
            emptied = await self._store.erase(account, now)
            if emptied is not None:
                await self._drop(emptied.hashes)
            return emptied

    async def empty(self, job: str) -> None:
        """Delete an ended job's pictures and keep the job."""
        await self.let_go(lambda: self._store.forget_pictures(job))

    async def let_go(self, forget: Callable[[], Awaitable[Sequence[str]]]) -> None:
        """Delete the contents that nothing refers to once `forget` is done."""
        async with self._moving:
            await self._drop(await forget())

    async def keep_file(self, content: bytes, refer: Callable[[str], Awaitable[T | None]]) -> T | None:
        """Write a content and let `refer` note its SHA-256; where it does not, the content goes again."""
        async with self._keeping([content]):
            return await refer(await self._folder.put(content))

    async def drop(self, hashes: Sequence[str]) -> int:
        """Delete those of some contents that nothing refers to now; return how many."""
        async with self._moving:
            return await self._drop(hashes)

    async def sweep(self, before: float) -> int:
        """Delete what a crash left behind before a time; return how many contents."""
        return await self._folder.sweep(self.drop, before)

    async def read(self, sha256: str) -> bytes | None:
        """Return a content, None where it is gone. Raises StorageError."""
        return await self._folder.read(sha256)

    async def kept(self, sha256: str) -> Kept | None:
        """Say where a content is to be had from us, None where it is gone. Raises StorageError."""
        return await self._folder.kept(sha256, link=False)

    async def probe(self) -> None:
        """Raise StorageError while a picture could not be kept."""
        async with self._keeping([PROBE]):
            await self._folder.put(PROBE)

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

    @asynccontextmanager
    async def _keeping(self, files: Sequence[bytes]) -> AsyncIterator[None]:
        """Nobody removes these contents meanwhile; those that nothing refers to afterwards go again.

        Where storage is in trouble, they lie there until they are written again, or swept.
        """
        async with self._moving:
            hashes = await asyncio.to_thread(lambda: [hashlib.sha256(file).hexdigest() for file in files])
            expected = await self._store.contents.expect(hashes)
            needless: Sequence[str] = hashes
            try:
                yield
            except StorageError:
                needless = ()
                raise
            finally:
                with suppress(StorageError):  # what was kept is kept
                    await self._store.contents.let_go(needless, self._folder.remove, expected)

    async def _drop(self, hashes: Sequence[str]) -> int:
        return await self._store.contents.let_go(hashes, self._folder.remove) if hashes else 0


def _at_once() -> AbstractAsyncContextManager[None]:
    return nullcontext()
