"""Where finished files are kept, each under the SHA-256 of its bytes, and the folder that keeps them."""

import asyncio
import contextlib
import hashlib
import math
import os
import re
import secrets
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from storage.store import StorageError

T = TypeVar("T")

SHA256 = re.compile(r"[0-9a-f]{64}")
SWEEP_AT_ONCE = 500  # files

LetGo = Callable[[Sequence[str]], Awaitable[int]]
"""Removes those of some contents that nothing refers to, and says how many."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The content is a file here."""

    path: Path


@dataclass(frozen=True, slots=True)
class Linked:
    """The content can be fetched elsewhere, without a key, for a few minutes."""

    url: str


@dataclass(frozen=True, slots=True)
class Streamed:
    """The content comes from elsewhere through us."""

    size_bytes: int
    chunks: AsyncIterable[bytes]


Kept = OnDisk | Linked | Streamed


class Pictures(Protocol):
    """Finished files. Every verb raises StorageError where they cannot be had now."""

    async def put(self, content: bytes) -> str:
        """Keep the bytes and return their SHA-256; they are kept for good then."""

    async def read(self, sha256: str) -> bytes | None:
        """Return the bytes, None where they are gone."""

    async def kept(self, sha256: str, *, link: bool) -> Kept | None:
        """Say where the bytes are to be had, None where they are gone.

        `link` allows an address elsewhere, which whoever asked can follow.
        """

    async def remove(self, hashes: Iterable[str]) -> None:
        """Remove contents, where they exist."""

    async def hashes(self, before: float = math.inf) -> Sequence[str]:
        """Return what is kept and was last put before a time."""

    async def sweep(self, let_go: LetGo, before: float = math.inf) -> int:
        """Remove what a crash left behind: halves, and contents that nothing refers to.

        Only what was put before a time: a picture is put before its job succeeds, and another bot may
        be about to. Returns the number of contents removed.
        """


def key_of(sha256: str) -> str:
    """Return the place of a content. Raises ValueError for anything but 64 hex digits."""
    if not SHA256.fullmatch(sha256):
        raise ValueError("A picture is named by 64 hex digits.")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


async def sweep_orphans(pictures: Pictures, let_go: LetGo, before: float) -> int:
    """Remove the contents put before a time that nothing refers to; return how many."""
    hashes = await pictures.hashes(before)
    return sum(
        [
            await let_go(hashes[first : first + SWEEP_AT_ONCE])
            for first in range(0, len(hashes), SWEEP_AT_ONCE)
        ]
    )


class PictureFolder:
    """A folder `aa/bb/<sha256>`. What is being written lies in `tmp` until it is complete."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tmp = root / "tmp"

    async def put(self, content: bytes) -> str:
        """Keep the bytes and return their SHA-256; they are on disk then. Raises StorageError."""
        return await asyncio.to_thread(self._put, content)

    async def read(self, sha256: str) -> bytes | None:
        """Return the bytes, None where they are gone."""
        return await asyncio.to_thread(_unless_gone, self.path(sha256).read_bytes)

    async def kept(self, sha256: str, *, link: bool) -> Kept | None:  # noqa: ARG002 - nobody else can reach a folder
        """Say where the file is, None where it is gone."""
        path = self.path(sha256)
        return OnDisk(path) if await asyncio.to_thread(path.is_file) else None

    def path(self, sha256: str) -> Path:
        """Return where a content is or would be. Raises ValueError for anything but 64 hex digits."""
        return self._root / key_of(sha256)

    async def remove(self, hashes: Iterable[str]) -> None:
        """Remove files, where they exist."""
        await asyncio.to_thread(self._remove, [self.path(sha256) for sha256 in hashes])

    async def hashes(self, before: float = math.inf) -> Sequence[str]:
        """Return what is kept and was last put before a time."""
        return await asyncio.to_thread(self._hashes, before)

    async def sweep(self, let_go: LetGo, before: float = math.inf) -> int:
        """Remove halves, and contents that nothing refers to, last written before a time."""
        await asyncio.to_thread(self._empty_tmp, before)
        return await sweep_orphans(self, let_go, before)

    def _put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        unfinished = self._tmp / secrets.token_hex(8)
        try:
            self._tmp.mkdir(parents=True, exist_ok=True)
            _write_to_disk(unfinished, content)
            _make_folders(self.path(sha256).parent)
            unfinished.replace(self.path(sha256))
            _to_disk(self.path(sha256).parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise StorageError(f"A picture cannot be written to {self._root}: {error.strerror}.") from error
        return sha256

    def _remove(self, files: Iterable[Path]) -> None:
        for file in files:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(f"{file} cannot be removed: {error.strerror}.") from error

    def _empty_tmp(self, before: float) -> None:
        self._remove(file for file in self._tmp.glob("*") if _written_before(file, before))

    def _hashes(self, before: float) -> list[str]:
        return [
            file.name
            for file in self._root.glob("??/??/*")
            if SHA256.fullmatch(file.name) and _written_before(file, before)
        ]


def _unless_gone(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"A picture cannot be read: {error.strerror}.") from error


def _written_before(file: Path, before: float) -> bool:
    if before == math.inf:
        return True
    written = _unless_gone(file.stat)
    return written is not None and written.st_mtime < before


def _write_to_disk(file: Path, content: bytes) -> None:
    with file.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _make_folders(folder: Path) -> None:
    for level in (folder.parent, folder):
        if not level.exists():
            level.mkdir(exist_ok=True)
            _to_disk(level.parent)


def _to_disk(folder: Path) -> None:
    """A new name is only safe from a power cut when its folder was synced too."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
