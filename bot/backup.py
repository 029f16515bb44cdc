"""A copy of everything kept, made while Pinxit runs, and its way back.

The database comes first, as it stands at one moment, as a SQLite file whichever engine it is from, so that
either engine can take it back; then every content that it refers to, each checked against its name. What
people delete meanwhile is left out. The manifest is written last: without it a copy is not finished.
"""

import asyncio
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.databases import copy_from_file, copy_to_file, make_ready
from bot.picture_places import pictures_at
from bot.settings import Reading, Settings, variable
from bot.trouble import Trouble
from bot.version import version
from storage.folder_lock import FolderLock
from storage.pictures import PictureFolder, Pictures
from storage.sql.scripts import newest
from storage.sqlite import SqliteStore
from storage.sqlite.copying import copy_database, version_of
from storage.store import Store

DATABASE, PICTURES, MANIFEST, HINT = "pinxit.sqlite3", "pictures", "backup.json", "settings.txt"
OWNERS = ("styles.toml", "words.txt", "loras", "discord-commands.json", "discord-presses.jsonl")
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a finished backup holds. `gone` were deleted while it was made."""

    version: str
    made_at: float
    database_sha256: str
    pictures: int
    gone: int
    with_pictures: bool


async def back_up(reading: Reading, target: Path, *, with_pictures: bool) -> Manifest:
    """Make the folder `target` hold everything. Raises Trouble or StorageError; then it has no manifest."""
    _claim(reading.settings, target)
    with _finished(target):
        return await _backed_up(reading, target, with_pictures=with_pictures)


async def _backed_up(reading: Reading, target: Path, *, with_pictures: bool) -> Manifest:
    settings = reading.settings
    await _copy_out(settings, target / DATABASE)
    _copy_owners(settings.data, target)
    (target / HINT).write_text(_hint(reading), encoding="utf-8")
    copied, gone = 0, 0
    if with_pictures:
        copied, gone = await _copied(
            target / DATABASE, pictures_at(settings), PictureFolder(target / PICTURES)
        )
    manifest = Manifest(
        version=version(),
        made_at=time.time(),
        database_sha256=await asyncio.to_thread(_digest, target / DATABASE),
        pictures=copied,
        gone=gone,
        with_pictures=with_pictures,
    )
    _write(target / MANIFEST, json.dumps(asdict(manifest), indent=2))
    return manifest


async def restore(settings: Settings, source: Path) -> Manifest:
    """Put a backup into an empty database and an empty place for pictures.

    Raises Trouble or StorageError; then neither database nor pictures are there.
    """
    manifest = _manifest(source)
    if await asyncio.to_thread(_digest, source / DATABASE) != manifest.database_sha256:
        raise Trouble(f"{source / DATABASE} is not what the backup was made with: it is damaged.")
    with FolderLock(settings.data):
        await _refuse_what_is_there(settings, manifest)
        with _finished(settings.data):
            await _filled(settings, source, manifest)
    return manifest


async def _filled(settings: Settings, source: Path, manifest: Manifest) -> None:
    """Put all of it there. Where that fails, the place for pictures is as empty as it was."""
    try:
        if manifest.with_pictures:
            await _restored(source, pictures_at(settings), manifest)
        _copy_owners(source, settings.data)
        await _copy_in(settings, source / DATABASE)
    except BaseException:
        if manifest.with_pictures:
            await pictures_at(settings).remove(await PictureFolder(source / PICTURES).hashes())
        raise


@contextmanager
def _finished(place: Path) -> Iterator[None]:
    """Raise Trouble where the disk does not let it come to its end."""
    try:
        yield
    except shutil.Error as several:  # of each file: from where, to where, and why
        raise Trouble(f"{place} is not finished: {several.args[0][0][2]}.") from None
    except OSError as error:
        raise Trouble(f"{place} is not finished: {error.strerror or error}.") from None


async def _copy_out(settings: Settings, file: Path) -> None:
    if settings.database_url is not None:
        await copy_to_file(settings.database_url.get_secret_value(), file)
    else:
        await asyncio.to_thread(copy_database, settings.database, file)


async def _copy_in(settings: Settings, file: Path) -> None:
    with TemporaryDirectory(dir=settings.data, prefix="restoring-") as folder:
        unfinished = Path(folder) / DATABASE
        await asyncio.to_thread(shutil.copyfile, file, unfinished)
        await _audited(unfinished)
        if settings.database_url is not None:
            await copy_from_file(unfinished, settings.database_url.get_secret_value())
        else:
            unfinished.replace(settings.database)


def _claim(settings: Settings, target: Path) -> None:
    if settings.database_url is None and not settings.database.exists():
        raise Trouble(f"There is nothing to back up: {settings.database} does not exist.")
    if target.exists() and any(target.iterdir()):
        raise Trouble(f"{target} is not empty. Name a folder that is new.")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble(f"{target} cannot be made: {error.strerror}.") from None


def _copy_owners(source: Path, target: Path) -> None:
    """Copy what the owner wrote by hand, and what Discord was told."""
    for name in OWNERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        elif (source / name).is_file():
            shutil.copy2(source / name, target / name)


def _hint(reading: Reading) -> str:
    """Return which settings were in force; a secret is only said to be set."""
    lines = ["# What was set when this backup was made. Secrets are not in it: keep them elsewhere."]
    for field, origin in reading.origins.items():
        value = getattr(reading.settings, field)
        shown = "(set)" if hasattr(value, "get_secret_value") else value
        mark = "#" if origin == "default" or shown is None else ""
        lines.append(f"{mark}{variable(field)}={'' if shown is None else shown}")
    return "\n".join(lines) + "\n"


async def _copied(database: Path, source: Pictures, target: PictureFolder) -> tuple[int, int]:
    """Copy every content that the copied database refers to; return how many, and how many are gone."""
    copied = gone = 0
    async for name in _contents(database):
        content = await source.read(name)
        if content is None:
            gone += 1
        elif await target.put(content) == name:
            copied += 1
        else:
            await target.remove([sha256(content).hexdigest()])
            raise Trouble(f"The picture {name} is damaged where it is kept; the backup is not finished.")
    return copied, gone


async def _contents(database: Path) -> AsyncIterator[str]:
    """Name every content that a database refers to; one of an older version stays as it is."""
    with TemporaryDirectory(dir=database.parent, prefix="reading-") as folder:
        if version_of(database) < newest():
            database = Path(shutil.copyfile(database, Path(folder, database.name)))
        async for name in _named(SqliteStore(database)):
            yield name


async def _named(store: Store) -> AsyncIterator[str]:
    await store.open()
    try:
        after = ""
        while names := await store.oversight.contents(after, AT_ONCE):
            for name in names:
                yield name
            after = names[-1]
    finally:
        await store.close()


async def _refuse_what_is_there(settings: Settings, manifest: Manifest) -> None:
    if settings.database_url is not None:
        await make_ready(settings.database_url.get_secret_value())
    elif settings.database.exists():
        raise Trouble(f"{settings.database} exists. A backup goes into an empty data folder only.")
    if manifest.with_pictures and await pictures_at(settings).hashes():
        where = settings.pictures or settings.picture_folder
        raise Trouble(f"There are pictures in {where} already. A backup goes where none are.")


async def _restored(source: Path, target: Pictures, manifest: Manifest) -> None:
    kept = PictureFolder(source / PICTURES)
    names = await kept.hashes()
    if len(names) < manifest.pictures:
        raise Trouble(f"{source} holds {len(names)} pictures, not {manifest.pictures}: it is damaged.")
    for name in names:
        content = await kept.read(name)
        if content is None or await asyncio.to_thread(_sum, content) != name:
            raise Trouble(f"The picture {name} in {source} is damaged.")
        await target.put(content)


async def _audited(database: Path) -> None:
    """Migrate the copy and check that every credit is accounted for."""
    store: Store = SqliteStore(database)
    await store.open()
    try:
        faults = await store.ledger_faults()
    finally:
        await store.close()
    if faults:
        raise Trouble(f"The ledger in the backup has {len(faults)} faults; the first: {faults[0]}")


def _manifest(source: Path) -> Manifest:
    try:
        return Manifest(**json.loads((source / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise Trouble(f"{source} holds no finished backup: {MANIFEST} is missing.") from None
    except (OSError, ValueError, TypeError):
        raise Trouble(f"{source / MANIFEST} cannot be read.") from None


def _write(file: Path, text: str) -> None:
    with file.open("x", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _digest(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _sum(content: bytes) -> str:
    return sha256(content).hexdigest()
