"""Finished files, kept under the SHA-256 of their bytes: written, then renamed, so never half there."""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from storage.store import StorageError, Store

SHA256 = re.compile(r"[0-9a-f]{64}")
SWEEP_AT_ONCE = 500  # files


class PictureFolder:
    """A folder `aa/bb/<sha256>`. What is being written lies in `tmp` until it is complete."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tmp = root / "tmp"

    async def put(self, content: bytes) -> str:
        """Keep the bytes and return their SHA-256; they are on disk then. Raises StorageError."""
        return await asyncio.to_thread(self._put, content)

    def path(self, sha256: str) -> Path:
        """Return where a content is or would be. Raises ValueError for anything but 64 hex digits."""
        if not SHA256.fullmatch(sha256):
            raise ValueError("A picture is named by 64 hex digits.")
        return self._root / sha256[:2] / sha256[2:4] / sha256

    async def remove(self, hashes: Iterable[str]) -> None:
        """Remove files, where they exist."""
        await asyncio.to_thread(self._remove, [self.path(sha256) for sha256 in hashes])

    async def sweep(self, store: Store) -> int:
        """Remove what a crash left behind: half-written files, and contents that no job refers to.

        Only for the one bot that owns the folder, before it draws: a picture is put before its job
        succeeds. Returns the number of contents removed.
        """
        await asyncio.to_thread(self._empty_tmp)
        removed = 0
        hashes = await asyncio.to_thread(self._hashes)
        for first in range(0, len(hashes), SWEEP_AT_ONCE):
            orphans = await store.unreferenced(hashes[first : first + SWEEP_AT_ONCE])
            await self.remove(orphans)
            removed += len(orphans)
        return removed

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

    def _empty_tmp(self) -> None:
        self._remove(self._tmp.glob("*"))

    def _hashes(self) -> list[str]:
        return [file.name for file in self._root.glob("??/??/*") if SHA256.fullmatch(file.name)]


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
