"""Which files are still needed: they lie under their SHA-256, and several rows may name one."""

import json
from collections.abc import Sequence

from storage.sql.statements import Statements

UNREFERENCED = """
select value from json_each(:hashes)
where not exists (select 1 from pictures where sha256 = json_each.value)
    and not exists (select 1 from uploads where sha256 = json_each.value)
    and not exists (select 1 from starts where sha256 = json_each.value)
"""


async def unreferenced(db: Statements, hashes: Sequence[str]) -> list[str]:
    """Return those contents that nothing needs."""
    rows = await db.rows(UNREFERENCED, hashes=json.dumps(sorted(set(hashes))))
    return [row["value"] for row in rows]
