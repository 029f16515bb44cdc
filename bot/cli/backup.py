"""`pinxit backup` and `pinxit restore`: run them and say in a sentence what was done."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bot.backup import Manifest, back_up, restore
from bot.cli.db import name_of
from bot.settings import Reading, Settings


def make(reading: Reading, target: Path, *, with_pictures: bool) -> None:
    """Make a backup."""
    manifest = asyncio.run(back_up(reading, target, with_pictures=with_pictures))
    print(f"{target} holds {_held(manifest)}.")  # noqa: T201 - the command's answer


def take_back(settings: Settings, source: Path) -> None:
    """Restore a backup."""
    manifest = asyncio.run(restore(settings, source))
    made = datetime.fromtimestamp(manifest.made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    where = settings.data if settings.database_url is None else name_of(settings)
    print(f"{where} holds {_held(manifest)}, as of {made}. Every credit is accounted for.")  # noqa: T201


def _held(manifest: Manifest) -> str:
    if not manifest.with_pictures:
        return "the database, without pictures"
    gone = f" ({manifest.gone} were deleted meanwhile)" if manifest.gone else ""
    return f"the database and {manifest.pictures} pictures{gone}"
