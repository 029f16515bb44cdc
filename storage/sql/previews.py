"""Previews of pictures that another bot draws, in SQL."""

from storage.previews import Previews
from storage.sql.company import NOW
from storage.sql.statements import Database, said

SHOW = f"""
insert into previews (job, place, jpeg, shown_at) values (:job, :place, :jpeg, {NOW})
on conflict (job, place) do update set jpeg = excluded.jpeg, shown_at = excluded.shown_at
"""  # noqa: S608 - our own words
SEE = "select place, jpeg from previews where job = :job order by place"


class SqlPreviews:
    """A `storage.previews.ShownPreviews`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def show(self, job: str, previews: Previews, now: float) -> None:
        """Let the other bots see the newest previews of a job."""
        await self._db.at_once(
            *(said(SHOW, job=job, place=place, jpeg=jpeg, now=now) for place, jpeg in previews)
        )

    async def see(self, job: str) -> Previews:
        """Return the newest previews of a job by index."""
        rows = await self._db.read(lambda db: db.rows(SEE, job=job))
        return tuple((row["place"], row["jpeg"]) for row in rows)

    async def hide(self, job: str) -> None:
        """Forget the previews of a job."""
        await self._db.at_once(said("delete from previews where job = :job", job=job))
