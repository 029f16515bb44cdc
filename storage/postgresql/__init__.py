"""PostgreSQL behind the verbs of storage: the same statements, with its own locks, types and troubles."""

from storage.postgresql.engine import PostgresStore

__all__ = ["PostgresStore"]
