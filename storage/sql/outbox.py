"""Messages to other people's servers, in SQL."""

from collections.abc import Sequence
from typing import Literal

from storage.company import Company
from storage.outbox import Message
from storage.sql.statements import Database, Row

INSERT = """
insert into outbox (id, job, key, url, body, due_at, created_at)
values (:id, :job, :key, :url, :body, :due_at, :created_at) on conflict (id) do nothing
"""
DUE = "select * from outbox where ending is null and due_at <= :now order by due_at limit :limit"
NEXT_DUE = "select min(due_at) as at from outbox where ending is null"
ENDED = """
update outbox set ending = :ending, ended_at = :now, tries = tries + 1, last_answer = :answer where id = :id
"""
AGAIN = "update outbox set due_at = :due_at, tries = tries + 1, last_answer = :answer where id = :id"
FORGET = "delete from outbox where ended_at < :before"


class SqlOutbox:
    """A `storage.outbox.Outbox`."""

    def __init__(self, db: Database, company: Company) -> None:
        self._db = db
        self._company = company

    async def add(self, message: Message) -> None:
        """Keep a message; the same id twice is once."""
        await self._db.write(
            lambda db: db.rows(
                INSERT,
                id=message.id,
                job=message.job,
                key=message.key,
                url=message.url,
                body=message.body,
                due_at=message.due_at,
                created_at=message.created_at,
            )
        )
        self._company.tell("webhook")

    async def due(self, now: float, limit: int) -> Sequence[Message]:
        """Return messages whose time has come, longest waiting first."""
        rows = await self._db.read(lambda db: db.rows(DUE, now=now, limit=limit))
        return [message_of(row) for row in rows]

    async def next_due(self) -> float | None:
        """Return when the next message is due, None where none waits."""
        ((at,),) = await self._db.read(lambda db: db.rows(NEXT_DUE))
        return None if at is None else float(at)

    async def ended(self, id: str, ending: Literal["delivered", "given_up"], answer: str, now: float) -> None:
        """Remember that a message is not tried any more, and the last answer."""
        await self._db.write(lambda db: db.rows(ENDED, id=id, ending=ending, answer=answer, now=now))

    async def again(self, id: str, due_at: float, answer: str) -> None:
        """Remember a failed try and when the next one is."""
        await self._db.write(lambda db: db.rows(AGAIN, id=id, due_at=due_at, answer=answer))

    async def of_job(self, job: str) -> Message | None:
        """Return the message about a job."""
        rows = await self._db.read(lambda db: db.rows("select * from outbox where job = :job", job=job))
        return message_of(rows[0]) if rows else None

    async def forget(self, before: float) -> None:
        """Forget messages that ended before a time."""
        await self._db.write(lambda db: db.rows(FORGET, before=before))


def message_of(row: Row) -> Message:
    """Return the message in a row of `outbox`."""
    return Message(
        id=row["id"],
        job=row["job"],
        key=row["key"],
        url=row["url"],
        body=row["body"],
        created_at=float(row["created_at"]),
        due_at=float(row["due_at"]),
        tries=row["tries"],
        ending=row["ending"],
        last_answer=row["last_answer"],
    )
