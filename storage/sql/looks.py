"""Pictures by what they look like: 64 bits each, of which alike ones differ in few."""

import json

from storage.records import Alike, Job, Picture
from storage.sql.rows import job_of, picture_of
from storage.sql.statements import Statements

BITS = 64
QUARTER = 16
MOST_BITS = 7  # then one of the four quarters differs in at most one bit
MOST_FOUND = 5000  # alike; simple shapes on plain grounds are many
MOST_SAME = 100
MASK = (1 << QUARTER) - 1

# Every quarter as it is and with each one bit changed: 68 places in the index.
NEAR = """
select distinct looks.job, looks.place, looks.look, pictures.colours
from json_each(:probes) as probe
join looks on looks.quarter = cast(probe.value as bigint) >> 16
    and looks.bits = cast(probe.value as bigint) & 65535
join pictures on pictures.job = looks.job and pictures.place = looks.place
"""

SAME = """
select job, place from pictures join jobs on jobs.id = pictures.job
where sha256 = :sha256 and jobs.deleted_at is null order by jobs.seq limit :limit
"""


async def alike(db: Statements, look: int) -> list[Alike]:
    """Return the visible pictures that differ in at most MOST_BITS bits, the nearest first."""
    rows = await db.rows(NEAR, probes=json.dumps(_probes(look)))
    near = [
        Alike(row["job"], row["place"], bits, row["colours"])
        for row in rows
        if (bits := apart(look, row["look"])) <= MOST_BITS
    ]
    return sorted(near, key=lambda each: (each.bits, each.job, each.index))[:MOST_FOUND]


async def same(db: Statements, sha256: str) -> list[tuple[Picture, Job]]:
    """Return the visible pictures with this content, oldest first."""
    rows = await db.rows(SAME, sha256=sha256, limit=MOST_SAME)
    found = [await _with_job(db, row["job"], row["place"]) for row in rows]
    return [both for both in found if both is not None]


def apart(one: int, other: int) -> int:
    """Return in how many bits two looks differ."""
    return ((one ^ other) & ((1 << BITS) - 1)).bit_count()


def _probes(look: int) -> list[int]:
    """Return places in the index, each as the number of its quarter before its bits."""
    quarters = [(number, look >> (number * QUARTER) & MASK) for number in range(BITS // QUARTER)]
    flips = [0, *(1 << bit for bit in range(QUARTER))]
    return [number << QUARTER | bits ^ flip for number, bits in quarters for flip in flips]


async def _with_job(db: Statements, job: str, place: int) -> tuple[Picture, Job] | None:
    picture = await db.row("select * from pictures where job = :job and place = :place", job=job, place=place)
    owner = await db.row("select * from jobs where id = :job and deleted_at is null", job=job)
    return (picture_of(picture), job_of(owner)) if picture and owner else None
