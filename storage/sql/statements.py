"""Statements with named values: the narrow seam between what storage says and the engine that hears it.

One text serves SQLite and PostgreSQL, and these rules keep it so:

* a value is `:name`; where PostgreSQL cannot tell its type, `cast(:name as bigint)` does;
* `"user"` is quoted: it is a word of PostgreSQL's;
* in `on conflict do update`, a column of the table is named with the table;
* a subquery in `from` has a name; a name made in `select` is not used in `where` or `having`;
* what PostgreSQL alone needs stands in a comment: `/*pg: for update skip locked */`;
* of SQLite's own functions `total`, `json_each`, `json_set`, and `max` and `min` of two values are there.

`storage.sql.holding` is what makes a verb that decides by what it reads right when several processes write.
`together` and `at_once` save ways to the server and back: there, nothing else costs as much.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Value = str | int | float | bytes | None
Result = TypeVar("Result")


class Row(Protocol):
    """One row of an answer; a value is had by the name of its column, or by its place."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Any:
        """Return the names of the columns."""


@dataclass(frozen=True, slots=True)
class Said:
    """A statement with its values."""

    sql: str
    values: Mapping[str, Value]


def said(sql: str, **values: Value) -> Said:
    """Return a statement with its values."""
    return Said(sql, values)


class Statements(ABC):
    """What a verb needs of a connection."""

    @abstractmethod
    async def rows(self, sql: str, **values: Value) -> Sequence[Row]:
        """Run one statement and return all its rows."""

    @abstractmethod
    async def together(self, *steps: Said) -> Sequence[Row]:
        """Run statements of which none reads or changes what another one changed; return the last one's rows.

        Triggers and references see what all of them did.
        """

    async def row(self, sql: str, **values: Value) -> Row | None:
        """Run one statement and return its first row."""
        rows = await self.rows(sql, **values)
        return rows[0] if rows else None

    async def number(self, sql: str, **values: Value) -> int:
        """Run one statement that answers with one whole number."""
        return int((await self.rows(sql, **values))[0][0])


Work = Callable[[Statements], Awaitable[Result]]


class Database(Protocol):
    """An engine: where work is run. Every trouble of the world becomes StorageError."""

    @property
    def whereabouts(self) -> str:
        """Where the database is, for people."""

    async def open(self) -> None:
        """Connect and migrate. Raises StorageError for a database from the future, and the like."""

    async def close(self) -> None:
        """Finish what is being written, then let go."""

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction: afterwards all of it is on disk, or nothing.

        It may be run again from the start, so it changes nothing but the database.
        """

    async def at_once(self, *steps: Said) -> Sequence[Row]:
        """Run statements together, as a transaction of their own."""

    async def read(self, work: Work[Result]) -> Result:
        """Run `work`, one statement that only reads."""

    async def read_at_length(self, work: Work[Result]) -> Result:
        """Like `read`, on a connection of its own: other reads do not wait for it."""
