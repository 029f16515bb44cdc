"""The shelf: folders of LoRAs, each a safetensors file whose name is what people type. Torch-free.

Beside it lies what was fetched, each file by its content. A LoRA that says its content is that very content,
wherever it lies, or none.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.embedded import ADAPTERS
from generator.lora_file import UnusableLora
from generator.models import EMBEDDED
from generator.recipe import LORA_NAME, Lora

ENDING = ".safetensors"
FETCHED = "fetched"  # the folder in the owner's for what was fetched

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Looked at anew each time, so what is put there counts at once. The first folder wins."""

    folders: tuple[Path, ...] = ()
    fetched: Path | None = None
    _contents: dict[Path, tuple[Stamp, str]] = field(default_factory=dict, repr=False, compare=False)

    def __iter__(self) -> Iterator[str]:
        """Go through the names in their order."""
        files = (file for folder in self.folders for file in folder.glob(f"*{ENDING}"))
        return iter(sorted({file.stem for file in files if LORA_NAME.fullmatch(file.stem)}))

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        """Say whether there is a LoRA of this name."""
        return isinstance(name, str) and bool(LORA_NAME.fullmatch(name)) and any(self._files(name))

    def file(self, name: str) -> Path:
        """Return the file of a LoRA. Raises UnusableLora."""
        for file in self._files(name):
            return file
        raise gone()

    def found(self, lora: Lora) -> tuple[Path, str]:
        """Return the file of a LoRA and the SHA-256 of its content. Raises UnusableLora or OSError."""
        if not lora.sha256:
            return (file := self.file(lora.name)), self._content(file)
        files = list(self._files(lora.name))
        for file in (*files, *self._fetched(lora.sha256)):
            if self._content(file) == lora.sha256:
                return file, lora.sha256
        if files:
            raise UnusableLora("changed", "It is another one now than when this picture was ordered.")
        raise gone()

    def _files(self, name: str) -> Iterator[Path]:
        paths = (folder / f"{name}{ENDING}" for folder in self.folders)
        return (path for path in paths if path.is_file())

    def _fetched(self, sha256: str) -> Iterator[Path]:
        path = self.fetched / f"{sha256}{ENDING}" if self.fetched else None
        return iter([path] if path and path.is_file() else [])

    def _content(self, file: Path) -> str:
        """Return the SHA-256 of a file, read again only where the file changed."""
        found = file.stat()
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._contents.get(file, ((), ""))[0] != stamp:
            with file.open("rb") as opened:
                self._contents[file] = stamp, hashlib.file_digest(opened, "sha256").hexdigest()
        return self._contents[file][1]


def name_of(text: str) -> str:
    """Return what people can type, made of any name: ``Pixel Art v2`` is pixel-art-v2; it may be ""."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:48]


def shelf_for(source: str, owners: Path | None) -> Shelf:
    """Return the owner's folder and, where the embedded model draws, its own after it."""
    own = (ADAPTERS,) if source == EMBEDDED else ()
    return Shelf((*([owners] if owners else []), *own), owners / FETCHED if owners else None)


def gone() -> UnusableLora:
    """Return the no to a name that nothing stands behind."""
    return UnusableLora("gone", "There is no LoRA of this name.")
