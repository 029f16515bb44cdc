"""Models that were downloaded: which there are, and whether every byte is what the Hub said. Torch-free.

The Hub's cache keeps each file under the checksum that the Hub gave for it, so what lies there can be checked
without asking again.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from generator.checkpoint import ENDINGS, Place, check_checkpoint
from generator.weights import UnusableModel, check_folder

CHUNK = 1 << 22

Progress = Callable[[float], None]


def check_sums(place: Place, progress: Progress) -> int:
    """Read every downloaded file of a model and return how many were checked.

    A damaged one is deleted, so that the next download brings it again. Raises UnusableModel naming it.
    """
    files = [file for file in _files(place) if file.is_symlink() and file.exists()]
    whole, done = sum(file.stat().st_size for file in files) or 1, 0
    for file in files:
        if not is_what_its_name_says(file.resolve()):
            file.resolve().unlink()
            raise UnusableModel(
                f"{file.name} was damaged on its way and is deleted; `pinxit model fetch` brings it again."
            )
        done += file.stat().st_size
        progress(done / whole)
    return len(files)


def _files(place: Place) -> list[Path]:
    alone = [place.checkpoint] if place.checkpoint else []
    return sorted({*place.folder.rglob("*"), *alone})


def is_what_its_name_says(blob: Path) -> bool:
    """Whether a file of the cache has the checksum that it is named by: that of git, or of large files."""
    match len(blob.name):
        case 64:  # SHA256
            return _digest(blob, hashlib.sha256()) == blob.name
        case 40:  # SHA1
            head = f"blob {blob.stat().st_size}\0".encode()
            return _digest(blob, hashlib.sha1(head, usedforsecurity=False)) == blob.name
        case _:
            return True


def kept_models(cache: Path) -> Iterator[tuple[str, Path]]:
    """Yield the names, and folders or files, of what is in the Hub's cache that Pinxit can draw with."""
    for folder in sorted(cache.glob("models--*/snapshots/*")):
        name = folder.parent.parent.name.removeprefix("models--").replace("--", "/", 1)
        if (folder / "model_index.json").exists():
            if _passes(check_folder, folder):
                yield name, folder
        else:
            yield from ((f"{name}/{file.relative_to(folder)}", file) for file in kept_files(folder))


def kept_files(folder: Path, within: str = "**/*") -> Iterator[Path]:
    """Yield the files of a folder that are each the transformer of a model."""
    for file in sorted(folder.glob(within)):
        if file.suffix.lower() in ENDINGS and _passes(check_checkpoint, file):
            yield file


def _passes(check: Callable[[Path], None], path: Path) -> bool:
    try:
        check(path)
    except UnusableModel:
        return False
    return True


def _digest(file: Path, digest: "hashlib._Hash") -> str:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
