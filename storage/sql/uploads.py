"""Files that people sent, in SQL."""

import json
from collections.abc import Sequence

from storage.sql.statements import Database, Row, Statements, said
from storage.uploads import Upload, UploadLimits

INSERT = """
insert into uploads (id, account, ticket, secret, filename, announced_type, announced_bytes, created_at)
values (:id, :account, :ticket, :secret, :filename, :announced_type, :announced_bytes, :created_at)
"""
LYING_HERE = """
select count(*) as files, total(coalesce(size_bytes, announced_bytes, 0)) as bytes
from uploads where account = :account
"""
FILL = """
update uploads set media_type = :media_type, size_bytes = :size_bytes, sha256 = :sha256
where ticket = :ticket and sha256 is null returning *
"""
REMOVE = """
delete from uploads where account = :account and id in (select value from json_each(:ids)) returning sha256
"""
REMOVE_OLDER = "delete from uploads where created_at < :before returning sha256"


class SqlUploads:
    """A `storage.uploads.Uploads`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def announce(self, uploads: Sequence[Upload], limits: UploadLimits) -> bool:
        """Keep the announcements of one account, all or none."""
        return await self._db.write(lambda db: _announce(db, uploads, limits))

    async def fill(self, ticket: str, media_type: str, size_bytes: int, sha256: str) -> Upload | None:
        """Note that the bytes came."""
        rows = await self._db.write(
            lambda db: db.rows(
                FILL, ticket=ticket, media_type=media_type, size_bytes=size_bytes, sha256=sha256
            )
        )
        return upload_of(rows[0]) if rows else None

    async def by_ticket(self, ticket: str) -> Upload | None:
        """Return what is to be sent with this ticket."""
        sql = "select * from uploads where ticket = :ticket"
        return _one(await self._db.read(lambda db: db.rows(sql, ticket=ticket)))

    async def by_secret(self, secret: str) -> Upload | None:
        """Return the file behind an address."""
        sql = "select * from uploads where secret = :secret"
        return _one(await self._db.read(lambda db: db.rows(sql, secret=secret)))

    async def find(self, account: int, id: str) -> Upload | None:
        """Return a file of an account."""
        sql = "select * from uploads where account = :account and id = :id"
        return _one(await self._db.read(lambda db: db.rows(sql, account=account, id=id)))

    async def remove(self, account: int, ids: Sequence[str]) -> Sequence[str]:
        """Forget files; return their contents."""
        removing = said(REMOVE, account=account, ids=json.dumps(list(ids)))
        return _contents(await self._db.at_once(removing))

    async def remove_older(self, before: float) -> Sequence[str]:
        """Forget files sent before a time; return their contents."""
        return _contents(await self._db.at_once(said(REMOVE_OLDER, before=before)))


async def _announce(db: Statements, uploads: Sequence[Upload], limits: UploadLimits) -> bool:
    account = uploads[0].account
    (lying,) = await db.rows(LYING_HERE, account=account)
    size = lying["bytes"] + sum(each.announced_bytes or 0 for each in uploads)
    if lying["files"] + len(uploads) > limits.files or size > limits.bytes:
        return False
    for each in uploads:
        await db.rows(
            INSERT,
            id=each.id,
            account=account,
            ticket=each.ticket,
            secret=each.secret,
            filename=each.filename,
            announced_type=each.announced_type,
            announced_bytes=each.announced_bytes,
            created_at=each.created_at,
        )
    return True


def _contents(forgotten: Sequence[Row]) -> Sequence[str]:
    return [row["sha256"] for row in forgotten if row["sha256"]]


def _one(rows: Sequence[Row]) -> Upload | None:
    return upload_of(rows[0]) if rows else None


def upload_of(row: Row) -> Upload:
    """Return the file in a row of `uploads`."""
    return Upload(
        id=row["id"],
        account=row["account"],
        ticket=row["ticket"],
        secret=row["secret"],
        filename=row["filename"],
        announced_type=row["announced_type"],
        announced_bytes=row["announced_bytes"],
        created_at=float(row["created_at"]),
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
    )
