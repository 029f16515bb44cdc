"""The verbs of storage on PostgreSQL."""

from storage.postgresql.company import PostgresCompany
from storage.postgresql.database import PostgresDatabase
from storage.sql.store import SqlStore


class PostgresStore(SqlStore):
    """A `storage.store.Store` that several bots may share. `url` begins with postgresql://."""

    def __init__(self, url: str, pool: int = 10) -> None:
        super().__init__(PostgresDatabase(url, pool), PostgresCompany(url))
