"""Statements on one connection of PostgreSQL's."""

from collections.abc import Sequence
from typing import Any

from storage.postgresql.dialect import statement
from storage.sql.statements import Row, Statements, Value


class PostgresStatements(Statements):
    """Each call is one round trip; a statement is prepared when it is first said."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, sql: str, **values: Value) -> Sequence[Row]:
        """Run one statement and return all its rows."""
        text, names = statement(sql)
        found: Sequence[Row] = await self._connection.fetch(text, *(fitting(values[name]) for name in names))
        return found

    async def lock(self, sql: str, **values: Value) -> None:
        """Wait for the rows, and keep others from writing them until the transaction's end."""
        await self.rows(sql, **values)


def fitting(value: Value) -> Value:
    """Return the value without what PostgreSQL's text cannot hold: the character 0, half characters."""
    if not isinstance(value, str):
        return value
    try:
        return value.replace("\0", "\ufffd").encode().decode()
    except UnicodeEncodeError:  # from a hostile client: it names nothing we keep
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
