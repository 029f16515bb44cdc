"""A data folder belongs to one running bot: a lock that the system lets go when the process ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.store import StorageError


class FolderLock:
    """Holds `folder/pinxit.lock` between `take` and `release`, or as a context manager.

    Only `run` takes it: the command line's other verbs work beside a running bot.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock. Raises StorageError when another bot has it, or the folder cannot be used."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._folder / "pinxit.lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise StorageError(
                f"Another Pinxit is running with {self._folder}. "
                "Stop it, or set PINXIT_DATA to another folder."
            ) from error
        except OSError as error:
            self.release()
            raise StorageError(
                f"{self._folder} cannot be used ({error.strerror}). "
                "Set PINXIT_DATA to a folder that you may write to."
            ) from error

    def release(self) -> None:
        """Let go, if held. The file stays: removing it would let two bots lock two files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @classmethod
    def is_taken(cls, folder: Path) -> bool:
        """Say whether a bot is running with the folder, as far as can be seen. Makes nothing."""
        try:
            seen = os.open(folder / "pinxit.lock", os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(seen, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(seen)
        return False

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
