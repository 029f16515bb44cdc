"""Which files are still needed, in SQL: several rows may name one, and another bot may be about to."""

import json
import secrets
from collections.abc import Sequence

from storage.company import Company
from storage.contents import Remove
from storage.sql.company import NOW
from storage.sql.statements import Database, Statements

AT_ONCE = 500  # contents
EXPECTED_SECONDS = 3600.0  # longer than any store lets anybody wait

UNREFERENCED = """
select value from json_each(:hashes)
where not exists (select 1 from pictures where sha256 = json_each.value)
    and not exists (select 1 from uploads where sha256 = json_each.value)
    and not exists (select 1 from starts where sha256 = json_each.value)
    and not exists (select 1 from arrivals where sha256 = json_each.value)
"""
EXPECT = f"""
insert into arrivals (keeper, sha256, until)
select :keeper, value, {NOW} + :seconds from json_each(:hashes) where true
on conflict (keeper, sha256) do nothing
"""  # noqa: S608 - our own words

# One after the other, so that nobody waits in a circle.
LOCK = """
select pg_advisory_xact_lock(content.key)
from (select hashtextextended(value, 0) as key from json_each(:hashes) order by key) as content
"""


async def unreferenced(db: Statements, hashes: Sequence[str]) -> list[str]:
    """Return those contents that nothing needs."""
    rows = await db.rows(UNREFERENCED, hashes=_listed(hashes))
    return [row["value"] for row in rows]


class SqlContents:
    """A `storage.contents.Contents`. Where one bot is alone, it has to keep its own deeds apart."""

    def __init__(self, db: Database, company: Company) -> None:
        self._db = db
        self._company = company

    async def expect(self, hashes: Sequence[str]) -> str:
        """Say that contents are about to be written and referred to."""
        keeper = secrets.token_hex(8)

        async def work(db: Statements) -> None:
            await db.rows(LOCK, hashes=_listed(hashes))
            await db.rows(EXPECT, keeper=keeper, hashes=_listed(hashes), seconds=EXPECTED_SECONDS, now=0.0)

        if self._company.shared:
            await self._db.write(work)
        return keeper

    async def let_go(self, hashes: Sequence[str], remove: Remove, expected: str = "") -> int:
        """Take back what was expected, and remove what nothing needs."""
        parts = [hashes[first : first + AT_ONCE] for first in range(0, len(hashes), AT_ONCE)]
        return sum([await self._let_go(part, remove, expected) for part in parts or [()]])

    async def _let_go(self, hashes: Sequence[str], remove: Remove, expected: str) -> int:
        async def work(db: Statements) -> int:
            await db.rows(LOCK, hashes=_listed(hashes))
            await db.rows("delete from arrivals where keeper = :keeper", keeper=expected)
            orphans = await unreferenced(db, hashes)
            await remove(orphans)
            return len(orphans)

        if self._company.shared:
            return await self._db.write(work)
        orphans = await self._db.read(lambda db: unreferenced(db, hashes))
        await remove(orphans)
        return len(orphans)


def _listed(hashes: Sequence[str]) -> str:
    return json.dumps(sorted(set(hashes)))
