"""Statements on one connection of PostgreSQL's."""

from collections.abc import Sequence
from typing import Any

from storage.postgresql.dialect import one_of, statement
from storage.sql.statements import Row, Said, Statements, Value


class PostgresStatements(Statements):
    """Each call is one round trip; a statement is prepared when it is first said."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, sql: str, **values: Value) -> Sequence[Row]:
        """Run one statement and return all its rows."""
        return await self.together(Said(sql, values))

    async def together(self, *steps: Said) -> Sequence[Row]:
        """Run all of them as one."""
        text = one_of(tuple(step.sql for step in steps))
        values = [value for step in steps for value in _placed(step)]
        found: Sequence[Row] = await self._connection.fetch(text, *values)
        return found


def _placed(step: Said) -> list[Value]:
    """Return a statement's values in the order of their places."""
    return [fitting(step.values[name]) for name in statement(step.sql)[1]]


def fitting(value: Value) -> Value:
    """Return the value without what PostgreSQL's text cannot hold: the character 0, half characters."""
    if not isinstance(value, str):
        return value
    try:
        return value.replace("\0", "\ufffd").encode().decode()
    except UnicodeEncodeError:  # from a hostile client: it names nothing we keep
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
