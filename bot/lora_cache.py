"""The LoRAs that were fetched or sent to us: a folder of files, each named by its content, with a bound."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from generator.loras import ENDING

PART = ".part-"
PART_SECONDS = 3600.0  # after which a part is of a run that is over


class LoraCache:
    """Keeps at most `most_bytes`: the file that no order has named for longest goes first."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def use(self, sha256: str) -> bool:
        """Note that an order names this content; False where it is not here."""
        return self._note(self._path(sha256))

    @contextmanager
    def part(self) -> Iterator[Path]:
        """Make an empty file to write on. Whatever was not kept is gone afterwards."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=PART)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, part: Path, sha256: str) -> None:
        """Give a whole part its name, and let others go where there is too much now."""
        newest = part.replace(self._path(sha256))
        self._note(newest)
        self._make_room(newest)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}{ENDING}"

    @staticmethod
    def _note(file: Path) -> bool:
        """Set when the file was last named. When it changed stays: its content is known by that."""
        try:
            os.utime(file, ns=(time.time_ns(), file.stat().st_mtime_ns))
        except FileNotFoundError:
            return False
        return True

    def _make_room(self, newest: Path) -> None:
        for part in self._folder.glob(f"{PART}*"):
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < time.time() - PART_SECONDS:
                    part.unlink()
        files = [(file.stat(), file) for file in self._folder.glob(f"*{ENDING}")]
        total = sum(found.st_size for found, _ in files)
        for found, file in sorted(files, key=lambda each: each[0].st_atime_ns):
            if total > self._most_bytes and file != newest:
                file.unlink(missing_ok=True)
                total -= found.st_size
