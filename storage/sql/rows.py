"""Rows into values, and values into rows.

SQLite keeps 4.0 as 4 and sometimes returns it so; hence the float().
"""

import json

from generator.messages import Fault, PictureFormat
from generator.recipe import Recipe
from storage.records import UNREADABLE, Account, Balance, Entry, Job, JobState, Kind, Picture, Post, Rung
from storage.sql.statements import Row


def account_of(row: Row) -> Account:
    """Return the account in a row of `accounts`."""
    return Account(id=row["id"], name=row["name"], weight=float(row["weight"]), blocked=bool(row["blocked"]))


def balance_of(row: Row) -> Balance:
    """Return the balance in a row of `accounts`."""
    return Balance(available=row["available"], held=row["held"])


def entry_of(row: Row) -> Entry:
    """Return the entry in a row of `ledger`."""
    return Entry(
        key=row["key"],
        account=row["account"],
        kind=Kind(row["kind"]),
        available=row["available"],
        held=row["held"],
        job=row["job"],
        note=row["note"],
        created_at=float(row["created_at"]),
    )


def job_of(row: Row) -> Job:
    """Return the job in a row of `jobs`."""
    return Job(
        id=row["id"],
        account=row["account"],
        recipe=recipe_of(row["recipe"]),
        count=row["count"],
        format=PictureFormat(row["format"]),
        price=row["price"],
        cost_seconds=float(row["cost_seconds"]),
        parent=row["parent"],
        state=JobState(row["state"]),
        attempt=row["attempt"],
        losses=row["losses"],
        fault=Fault(row["fault"]) if row["fault"] else None,
        created_at=float(row["created_at"]),
        ended_at=_seconds(row["ended_at"]),
        draw_seconds=_seconds(row["draw_seconds"]),
        deleted=row["deleted_at"] is not None,
        private=bool(row["private"]),
    )


def picture_of(row: Row) -> Picture:
    """Return the picture in a row of `pictures`."""
    return Picture(
        job=row["job"],
        index=row["place"],
        sha256=row["sha256"],
        format=PictureFormat(row["format"]),
        width=row["width"],
        height=row["height"],
        size_bytes=row["size_bytes"],
        truncated=bool(row["truncated"]),
        secret=row["secret"],
        look=row["look"],
        colours=row["colours"],
    )


def post_of(row: Row) -> Post:
    """Return the post in a row of `posts`."""
    return Post(
        id=row["id"],
        job=row["job"],
        platform=row["platform"],
        address=row["address"],
        language=row["language"],
        rung=Rung(row["rung"]) if row["rung"] else None,
        holder=row["holder"],
    )


def recipe_of(text: str) -> Recipe:
    """Return the recipe kept as JSON text, UNREADABLE where it is none."""
    try:
        return Recipe.from_dict(json.loads(text))
    except (ValueError, TypeError, AttributeError):
        return UNREADABLE


def recipe_text(recipe: Recipe) -> str:
    """Return the recipe as JSON text."""
    return json.dumps(recipe.as_dict(), ensure_ascii=False)


def _seconds(value: float | None) -> float | None:
    return None if value is None else float(value)
