import asyncio
import errno
import hashlib
from pathlib import Path

import pytest
from stored_orders import NOON, claimed, letting_go, person, picture

from storage.pictures import PictureFolder
from storage.store import StorageError

FILE = b"\x89PNG and so on"
SHA256 = hashlib.sha256(FILE).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> PictureFolder:
    return PictureFolder(tmp_path / "pictures")


def files(folder: PictureFolder) -> list[Path]:
    return [file for file in folder.path("0" * 64).parents[2].rglob("*") if file.is_file()]


async def test_a_file_is_kept_under_its_content(folder):
    sha256 = await folder.put(FILE)

    assert sha256 == SHA256
    assert folder.path(sha256).read_bytes() == FILE
    assert files(folder) == [folder.path(sha256)]


async def test_the_same_content_many_times_at_once_is_one_file(folder):
    hashes = await asyncio.gather(*(folder.put(FILE) for _ in range(20)))

    assert set(hashes) == {SHA256}
    assert files(folder) == [folder.path(SHA256)]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "AB" * 32, "ab" * 31, "ab" * 32 + "\n", "é" * 64])
async def test_only_64_hex_digits_name_a_file(folder, name):
    with pytest.raises(ValueError, match="64 hex"):
        folder.path(name)


async def test_removed_files_are_gone_and_removing_twice_is_fine(folder):
    await folder.put(FILE)

    await folder.remove([SHA256])
    await folder.remove([SHA256])

    assert files(folder) == []


async def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(folder, monkeypatch):
    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)

    with pytest.raises(StorageError, match=r"cannot be written to .*: No space left on device\."):
        await folder.put(FILE)
    assert files(folder) == []


async def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="cannot be written"):
        await PictureFolder(tmp_path / "file").put(FILE)


async def test_sweeping_removes_what_a_crash_left_and_nothing_else(folder, store):
    await person(store)
    kept, orphan = await folder.put(FILE), await folder.put(b"nobody's")
    await shown(store, kept)
    half_written = folder.path(kept).parents[2] / "tmp" / "half"
    half_written.write_bytes(b"\x89PN")

    removed = await folder.sweep(letting_go(store, folder))

    assert removed == 1
    assert files(folder) == [folder.path(kept)]
    assert not folder.path(orphan).exists()


async def test_sweeping_a_folder_that_does_not_exist_yet_is_fine(folder, store):
    assert await folder.sweep(letting_go(store, folder)) == 0


async def shown(store, sha256: str) -> None:
    ann = await person(store)
    await ann.orders()
    job = await claimed(store)
    await store.succeed(job.id, job.attempt, [picture(job, sha256)], 1.0, NOON)
