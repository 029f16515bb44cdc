"""The checksums of a folder's files, written beside them: whether every byte is what it was. Torch-free."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

SUMS = "SHA256SUMS"
CHUNK = 1 << 22

Progress = Callable[[float], None]


def write_sums(folder: Path, progress: Progress) -> None:
    """Write the checksums of all files, as `sha256sum` does."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    sums = _digests(folder, files, progress)
    (folder / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))


def damaged(folder: Path, progress: Progress) -> tuple[int, list[str]]:
    """Return how many files have a checksum, and the names of those that are not what it says."""
    lines = (folder / SUMS).read_text().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines if line)}
    files = [folder / name for name in sums if (folder / name).is_file()]
    found = _digests(folder, files, progress)
    return len(sums), [name for name, digest in sums.items() if found.get(name) != digest]


def digest_of(file: Path, digest: "hashlib._Hash") -> str:
    """Return the digest of a file, which may be larger than the memory."""
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def advancing(files: Sequence[Path], progress: Progress) -> Iterator[Path]:
    """Yield files, and tell by bytes how far whoever reads them is."""
    whole, done = sum(file.stat().st_size for file in files) or 1, 0
    for file in files:
        size = file.stat().st_size
        yield file
        done += size
        progress(done / whole)


def _digests(folder: Path, files: Sequence[Path], progress: Progress) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): digest_of(file, hashlib.sha256())
        for file in advancing(files, progress)
    }
