"""Statements on one connection, with named values."""

import sqlite3

import aiosqlite

Value = str | int | float | bytes | None


class Statements:
    """What a verb needs of a connection; each call is one hop to the connection's thread."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, **values: Value) -> list[sqlite3.Row]:
        """Run one statement and return all its rows."""
        try:
            return list(await self._connection.execute_fetchall(sql, values))
        except UnicodeEncodeError:  # half a character, from a hostile client: it names nothing we keep
            return list(await self._connection.execute_fetchall(sql, _encodable(values)))

    async def row(self, sql: str, **values: Value) -> sqlite3.Row | None:
        """Run one statement and return its first row."""
        rows = await self.rows(sql, **values)
        return rows[0] if rows else None

    async def number(self, sql: str, **values: Value) -> int:
        """Run one statement that answers with one whole number."""
        return int((await self.rows(sql, **values))[0][0])


def _encodable(values: dict[str, Value]) -> dict[str, Value]:
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in values.items()
    }
