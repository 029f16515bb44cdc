"""What people prefer and how places are ruled: JSON text that holds only what is not as usual."""

import json
from typing import Any

from generator.messages import PictureFormat
from storage.records import Identity, PlaceId, PlaceRules, Preferences, Spoiler
from storage.sql.statements import Statements

PREFERRED = """
select platform, "user", preferences from accounts join identities on identities.account = accounts.id
where preferences <> '{}'
"""


async def identities(db: Statements, account: int) -> list[Identity]:
    """Return the identities of an account."""
    rows = await db.rows(
        'select platform, "user" from identities where account = :account order by platform, "user"',
        account=account,
    )
    return [Identity(row["platform"], row["user"]) for row in rows]


async def preferred(db: Statements) -> list[tuple[Identity, Preferences]]:
    """Return everybody's preferences that are not as usual."""
    return [
        (Identity(row["platform"], row["user"]), preferences_of(row["preferences"]))
        for row in await db.rows(PREFERRED)
    ]


async def prefer(db: Statements, account: int, preferences: Preferences) -> None:
    """Store an account's preferences."""
    await db.rows(
        "update accounts set preferences = :preferences where id = :account",
        preferences=preferences_text(preferences),
        account=account,
    )


async def rules(db: Statements) -> list[tuple[PlaceId, PlaceRules]]:
    """Return the rules of every place that has any."""
    rows = await db.rows("select * from places")
    return [(PlaceId(row["platform"], row["id"]), rules_of(row["rules"])) for row in rows]


async def rule(db: Statements, place: PlaceId, rules: PlaceRules) -> None:
    """Store a place's rules."""
    await db.rows(
        """
        insert into places (platform, id, rules) values (:platform, :id, :rules)
        on conflict (platform, id) do update set rules = excluded.rules
        """,
        platform=place.platform,
        id=place.id,
        rules=rules_text(rules),
    )


def preferences_text(preferences: Preferences) -> str:
    """Return preferences as JSON text."""
    return _text(preferences, Preferences())


def preferences_of(text: str) -> Preferences:
    """Return preferences kept as JSON text."""
    values = json.loads(text)
    return Preferences(**values | _read(values, format=PictureFormat, styles=_styles))


def rules_text(rules: PlaceRules) -> str:
    """Return rules as JSON text."""
    return _text(rules, PlaceRules())


def rules_of(text: str) -> PlaceRules:
    """Return rules kept as JSON text."""
    values = json.loads(text)
    return PlaceRules(**values | _read(values, channels=frozenset, spoiler=Spoiler, roles=_roles))


def _text(value: Preferences | PlaceRules, usual: Preferences | PlaceRules) -> str:
    values = {name: getattr(value, name) for name in value.__dataclass_fields__}
    unusual = {name: each for name, each in values.items() if each != getattr(usual, name)}
    return json.dumps(unusual, ensure_ascii=False, default=sorted)


def _read(values: dict[str, Any], **readers: Any) -> dict[str, Any]:
    return {name: reader(values[name]) for name, reader in readers.items() if name in values}


def _styles(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in pairs)


def _roles(pairs: list[list[Any]]) -> tuple[tuple[str, float], ...]:
    return tuple((role, float(weight)) for role, weight in pairs)
