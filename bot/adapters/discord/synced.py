"""Remembers over restarts which commands Discord was told, so that they are told only when they changed."""

import json
from pathlib import Path

import discord


class Synced:
    """Remembers over restarts which commands Discord has been told for one application, by server."""

    def __init__(self, path: Path, prefix: str) -> None:
        self._path = path
        self._prefix = prefix

    def get(self, guild: discord.Object | None) -> str | None:
        """Return the fingerprint last told, or None."""
        return self._read().get(self._name(guild))

    def put(self, guild: discord.Object | None, fingerprint: str) -> None:
        """Remember what was told."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._read() | {self._name(guild): fingerprint}))

    def guilds(self) -> set[int]:
        """Return the servers that were ever told something of their own."""
        names = (name.removeprefix(self._prefix) for name in self._read() if name.startswith(self._prefix))
        return {int(name) for name in names if name.isdigit()}

    def _name(self, guild: discord.Object | None) -> str:
        return f"{self._prefix}{guild.id if guild else 'everywhere'}"

    def _read(self) -> dict[str, str]:
        try:
            kept = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}
