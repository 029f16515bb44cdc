"""What is kept no longer than the owner wants goes for good, and nothing else does."""

import pytest
from stage import FastClock, ScriptedGenerator, playing

from bot.sweeper import DAY_SECONDS, Keep, Sweeper
from bot.uploads import Announcement, UploadDesk, safe_name
from storage.uploads import UploadLimits

on_each_engine = pytest.mark.usefixtures("each_engine")

LIMITS = UploadLimits(files=10, bytes=1 << 20, bytes_each=1 << 20)


async def one(content: bytes):
    yield content


@on_each_engine
async def test_old_pictures_and_files_are_deleted_and_young_ones_stay(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        files = UploadDesk(stage.store.uploads, stage.gallery, FastClock(), LIMITS)
        account = (await stage.drawn("a star")).job.account
        delivered = await stage.drawn("a heart")
        (upload,) = await files.announce(account, [Announcement(filename="a", content_type="", size=None)])
        await files.receive(upload.ticket, one(b"bytes"))
        sweeper = Sweeper(
            stage.store, stage.gallery, files, FastClock(), Keep(uploads_days=1.0, pictures_days=2.0)
        )
        now = FastClock().wall()

        await sweeper.sweep(now + 0.5 * DAY_SECONDS)
        assert await files.kept(await files.by_secret(upload.secret))
        await sweeper.sweep(now + 1.5 * DAY_SECONDS)
        assert await files.by_secret(upload.secret) is None
        assert len(await stage.store.history(account, None, 10)) == 2
        await sweeper.sweep(now + 2.5 * DAY_SECONDS)

        assert list(await stage.store.history(account, None, 10)) == []
        assert not stage.folder.path(delivered.pictures[0].sha256).exists()
        assert [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "tmp"] == []


@on_each_engine
async def test_without_a_limit_everything_stays(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        files = UploadDesk(stage.store.uploads, stage.gallery, FastClock(), LIMITS)
        delivered = await stage.drawn("a heart")

        await Sweeper(stage.store, stage.gallery, files, FastClock(), Keep()).sweep(9e9)

        assert stage.folder.path(delivered.pictures[0].sha256).exists()


@on_each_engine
async def test_a_content_that_a_picture_and_a_file_share_survives_either(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        files = UploadDesk(stage.store.uploads, stage.gallery, FastClock(), LIMITS)
        delivered = await stage.drawn("a heart")
        path = stage.folder.path(delivered.pictures[0].sha256)
        account = delivered.job.account
        (upload,) = await files.announce(account, [Announcement(filename="a", content_type="", size=None)])
        await files.receive(upload.ticket, one(path.read_bytes()))

        await stage.delete(delivered.job)
        assert path.exists()
        await files.remove(account, [upload.id])

        assert not path.exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (None, "file"),
        ("", "file"),
        ("..", "file"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.png", "a.png"),
        ("a\r\nset-cookie: x.png", "aset-cookie_ x.png"),
        ('a";b.png', "a_b.png"),
        ("картина.png", "картина.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("x" * 300 + ".png", "x" * 88 + ".png"),
    ],
)
def test_a_name_from_outside_is_harmless(name, safe):
    assert safe_name(name) == safe
