"""Learned seconds on the card for each shape: the mean at first, a moving average later."""

from storage.sql.statements import Said, Statements, said

# The n-th sample counts 1/n until 1/n would be below a fifth.
LEARN = """
insert into measurements (shape, seconds, samples) values (:shape, :seconds, 1)
on conflict (shape) do update set
    seconds = measurements.seconds
        + (excluded.seconds - measurements.seconds) * max(0.2, 1.0 / (measurements.samples + 1)),
    samples = measurements.samples + 1
"""

OFTEN = """
select shape, seconds from measurements where substr(shape, 1, :length) = :start
order by samples desc, shape limit :most
"""


async def measured(db: Statements, shape: str) -> float | None:
    """Return what was learned, or None."""
    row = await db.row("select seconds from measurements where shape = :shape", shape=shape)
    return row["seconds"] if row else None


async def often_measured(db: Statements, start: str, most: int) -> dict[str, float]:
    """Return what was learned of the shapes whose keys start so, and that were drawn most often."""
    rows = await db.rows(OFTEN, start=start, length=len(start), most=most)
    return {row["shape"]: row["seconds"] for row in rows}


def learned(shape: str, seconds: float) -> Said:
    """Fold one measurement in."""
    return said(LEARN, shape=shape, seconds=seconds)
