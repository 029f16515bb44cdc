"""Models on the disk: which there are, and whether every byte is what was written. Torch-free.

The Hub's cache keeps each file under the checksum that the Hub gave for it, so what lies there can be checked
without asking again; a converted model has its checksums beside it.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from generator.checkpoint import ENDINGS, Place, check_checkpoint
from generator.sums import SUMS, advancing, damaged, digest_of
from generator.weights import UnusableModel, check_folder

Progress = Callable[[float], None]


def check_sums(place: Place, progress: Progress) -> int:
    """Read every file of a model whose checksum is known and return how many were checked.

    A damaged one of a download is deleted, so that the next brings it again. Raises UnusableModel naming it.
    """
    sums = place.folder / SUMS
    if sums.is_file() and not sums.is_symlink():
        return _check_own_sums(place.folder, progress)
    files = [file for file in _files(place) if file.is_symlink() and file.exists()]
    for file in advancing(files, progress):
        if not is_what_its_name_says(file.resolve()):
            file.resolve().unlink()
            raise UnusableModel(
                f"{file.name} was damaged on its way and is deleted; `pinxit model fetch` brings it again."
            )
    return len(files)


def _files(place: Place) -> list[Path]:
    alone = [place.checkpoint] if place.checkpoint else []
    return sorted({*place.folder.rglob("*"), *alone})


def _check_own_sums(folder: Path, progress: Progress) -> int:
    count, wrong = damaged(folder, progress)
    if wrong:
        raise UnusableModel(f"{folder / wrong[0]} is damaged; convert or copy the model again.")
    return count


def is_what_its_name_says(blob: Path) -> bool:
    """Whether a file of the cache has the checksum that it is named by: that of git, or of large files."""
    match len(blob.name):
        case 64:  # SHA256
            return digest_of(blob, hashlib.sha256()) == blob.name
        case 40:  # SHA1
            head = f"blob {blob.stat().st_size}\0".encode()
            return digest_of(blob, hashlib.sha1(head, usedforsecurity=False)) == blob.name
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
