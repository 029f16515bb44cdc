"""Rows that a verb decides by: nobody else changes them until its transaction ends.

PostgreSQL reads what was committed when the statement began, then waits for the row and shows that one as it
is now; what the statement read beside it may be older. Whoever changes what an account has in line changes
its row too, so a row that is not the one seen at the beginning says: read again, nobody changes it any more.
"""

from storage.sql.statements import Row, Statements, Value

ACCOUNT = """
me as (
    select accounts.* /*pg: , ctid as version */ from accounts where id = ({}) /*pg: for no key update */)
"""
CHANGED = """
0 /*pg: + cast(me.version <> (select ctid from accounts where accounts.id = me.id) as integer) */ as changed
"""


async def held(db: Statements, sql: str, **values: Value) -> Row | None:
    """Return the row of a statement that names ACCOUNT and selects CHANGED."""
    row = await db.row(sql, **values)
    return await db.row(sql, **values) if row is not None and row["changed"] else row
