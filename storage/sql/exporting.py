"""Everything that is kept about one account, table by table, for the person to have.

A table that holds something about people is listed here. Secrets are left out, also one's own: the file may
lie around. So is where a post stands, which only its adapter can read and may hold a token.
"""

import json
from typing import Any

from storage.sql import money
from storage.sql.statements import Statements

KEPT = {
    "accounts": """
        select id, name, weight, blocked, preferences from accounts
        where id = :account or joined = :account order by id
    """,
    "identities": """
        select platform, "user" from identities where account = :account order by platform, "user"
    """,
    "jobs": """
        select id, recipe, count, format, price, parent, state, fault, private, created_at, ended_at,
            draw_seconds, deleted_at
        from jobs where account = :account order by seq
    """,
    "pictures": """
        select job, place, sha256, pictures.format, width, height, size_bytes
        from jobs join pictures on pictures.job = jobs.id where account = :account order by seq, place
    """,
    "posts": """
        select job, platform, language, rung
        from jobs join posts on posts.job = jobs.id where account = :account order by seq
    """,
    "ledger": """
        select kind, available, held, job, note, created_at from ledger
        where account in (select id from accounts where id = :account or joined = :account) order by seq
    """,
    "keys": """
        select id, name, scopes, created_at, expires_at, used_at, revoked_at
        from keys where account = :account order by created_at
    """,
    "payments": """
        select charge, platform, "user", credits, stars, paid_at, refunded_at
        from payments where account = :account order by paid_at
    """,
    "starts": """
        select sha256, width, height, size_bytes, created_at from starts
        where account = :account order by created_at
    """,
    "uploads": """
        select filename, media_type, size_bytes, created_at
        from uploads where account = :account order by created_at
    """,
}
NESTED = {"recipe", "preferences"}  # kept as JSON text


async def kept(db: Statements, account: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table, as JSON values."""
    account = (await money.account_row(db, account))["id"]
    return {
        table: [_plain(dict(row)) for row in await db.rows(query, account=account)]
        for table, query in KEPT.items()
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) if name in NESTED else value for name, value in row.items()}
