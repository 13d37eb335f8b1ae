"""From an older schema to this one, under a lock: of several processes that start at once one does the work."""

from typing import Any, Final

from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.postgres.server import LOST, Server
from posthouse.store.sql import migrations

LOCK: Final = 0x504873
"""The key of the advisory lock. It belongs to the transaction, so that it works behind a pooler as well."""

# From the catalogue itself: `to_regclass` answers from a cache that does not see what was made while we waited.
_KNOWN: Final = """
SELECT coalesce(bool_or(relname = 'posthouse_schema'), false), coalesce(bool_or(relname = 'messages'), false)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = current_schema() AND relkind IN ('r', 'p')
"""


async def migrate(server: Server) -> tuple[int, int]:
    """Bring the schema up to date; its number before and after.

    StoreRefused: it is a newer version's, or somebody else's, or a step failed.
    """
    steps = migrations("posthouse.store.postgres")
    try:
        connection = await server.connect()
    except StoreDown as error:
        raise StoreRefused(str(error)) from None
    try:
        before = await schema(connection)
        while before != len(steps) and await _step(connection, steps):
            pass
        return before, len(steps)
    except LOST as error:
        raise StoreRefused(f"the database cannot be brought up to date: {server.said(error)}") from error
    finally:
        connection.terminate()


async def schema(connection: Any) -> int:
    """The number of the schema; 0 where there is none. StoreRefused where the tables are somebody else's."""
    ours, taken = await connection.fetchrow(_KNOWN)
    if ours:
        version: int = await connection.fetchval("SELECT version FROM posthouse_schema")
        return version
    if taken:
        raise StoreRefused(
            "the database has a table `messages` that is not Posthouse's: it is left as it is. "
            "Expected a database, or a schema by `?search_path=NAME`, of its own."
        )
    return 0


async def _step(connection: Any, steps: list[tuple[int, str]]) -> bool:
    """The next missing step, in a transaction with its number: an interrupted one is done again. False: none left."""
    async with connection.transaction():
        # Others wait here as long as it takes.
        await connection.execute(f"SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({LOCK})")
        version = await schema(connection)
        if version > len(steps):
            raise StoreRefused(
                f"the database was written by a newer Posthouse (schema {version}, this one knows {len(steps)}). "
                "Run that version, or give this one a database of its own."
            )
        if version == len(steps):
            return False
        number, sql = steps[version]
        if version == 0:
            await connection.execute(
                "CREATE TABLE posthouse_schema (version integer NOT NULL); INSERT INTO posthouse_schema VALUES (0)"
            )
        await connection.execute(sql)
        await connection.execute(f"UPDATE posthouse_schema SET version = {number}")  # noqa: S608  a number
    return True
