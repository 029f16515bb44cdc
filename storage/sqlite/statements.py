"""Statements on one connection of SQLite's."""

from collections.abc import Sequence

import aiosqlite

from storage.sql.statements import Row, Said, Statements, Value


class SqliteStatements(Statements):
    """Each call is one hop to the connection's thread."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, **values: Value) -> Sequence[Row]:
        """Run one statement and return all its rows."""
        try:
            return list(await self._connection.execute_fetchall(sql, values))
        except UnicodeEncodeError:  # half a character, from a hostile client: it names nothing we keep
            return list(await self._connection.execute_fetchall(sql, _encodable(values)))

    async def together(self, *steps: Said) -> Sequence[Row]:
        """Run one after another."""
        found: Sequence[Row] = ()
        for step in steps:
            found = await self.rows(step.sql, **step.values)
        return found


def _encodable(values: dict[str, Value]) -> dict[str, Value]:
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in values.items()
    }
