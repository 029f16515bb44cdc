"""Models that were downloaded: which there are, and whether every byte is what the Hub said. Torch-free.

The Hub's cache keeps each file under the checksum that the Hub gave for it, so what lies there can be checked
without asking again.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from generator.weights import UnusableModel, check_folder

CHUNK = 1 << 22

Progress = Callable[[float], None]


def check_sums(folder: Path, progress: Progress) -> int:
    """Read every downloaded file of a model and return how many were checked.

    A damaged one is deleted, so that the next download brings it again. Raises UnusableModel naming it.
    """
    files = [file for file in sorted(folder.rglob("*")) if file.is_symlink() and file.exists()]
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
    """Yield the id and folder of every model in the Hub's cache that Pinxit can draw with."""
    for folder in sorted(cache.glob("models--*/snapshots/*")):
        try:
            check_folder(folder)
        except UnusableModel:
            continue
        yield folder.parent.parent.name.removeprefix("models--").replace("--", "/", 1), folder


def _digest(file: Path, digest: "hashlib._Hash") -> str:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
