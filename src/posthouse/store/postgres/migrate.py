"""From an older schema to this one, under a lock: of several processes that start at once one does the work.

Each migration says which code runs on a database that has it (`compatible_since`), and the database keeps that: so an
older process starts on a newer schema where that is safe, and is refused where not. See docs/upgrading.md.
"""

from typing import Any, Final

from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.postgres.server import LONG, LOST, Server
from posthouse.store.sql import compatible_since, migrations
from posthouse.telemetry import warn

LOCK: Final = 0x504873
"""The key of the advisory lock. It belongs to the transaction, so that it works behind a pooler as well."""

LOCK_MS: Final = 5000
"""How long a step may wait for a table: all others wait behind it meanwhile. A dump that runs holds every table."""

LIVE_S: Final = 6.0
"""A process that has said so within this time sends from the database."""

# From the catalogue itself: `to_regclass` answers from a cache that does not see what was made while we waited.
_KNOWN: Final = """
SELECT coalesce(bool_or(relname = 'posthouse_schema'), false), coalesce(bool_or(relname = 'messages'), false)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = current_schema() AND relkind IN ('r', 'p')
"""


_SINCE: Final = "SELECT (to_jsonb(posthouse_schema) ->> 'compatible_since')::integer FROM posthouse_schema"
_REMEMBERS: Final = "ALTER TABLE posthouse_schema ADD COLUMN IF NOT EXISTS compatible_since integer NOT NULL DEFAULT 0"
_SENDING: Final = "SELECT count(*) FROM nodes WHERE seen_at > clock_timestamp() - make_interval(secs => $1)"


async def migrate(server: Server) -> tuple[int, int]:
    """Bring the schema up to date; its number before and after.

    StoreRefused: it is a newer version's, or somebody else's, or a step failed.
    """
    steps = migrations("posthouse.store.postgres")
    try:
        connection = await server.connect(LONG)
    except StoreDown as error:
        raise StoreRefused(str(error)) from None
    try:
        async with connection.transaction():
            before = await schema(connection)
        while before != len(steps) and await _step(connection, steps):
            pass
        return before, max(before, len(steps))
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
        if version >= len(steps):
            await _judge(connection, version, len(steps))
            return False
        number, sql = steps[version]
        since = compatible_since(number, sql)
        if version == 0:
            await connection.execute(
                "CREATE TABLE posthouse_schema (version integer NOT NULL, compatible_since integer NOT NULL DEFAULT 0);"
                "INSERT INTO posthouse_schema VALUES (0)"
            )
        elif since > version:
            await _alone(connection, number)
        await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS}; {_REMEMBERS}")
        await connection.execute(sql)
        await connection.execute(
            "UPDATE posthouse_schema SET version = $1, compatible_since = greatest(compatible_since, $2)", number, since
        )
    return True


async def _judge(connection: Any, version: int, known: int) -> None:
    """StoreRefused where the schema is a newer version's, and none that this one can run on."""
    if version == known:
        return
    since = await connection.fetchval(_SINCE)
    if since is None or since > known:
        raise StoreRefused(
            f"the database was written by a newer Posthouse (schema {version}, this one knows {known}). "
            "Run that version, or give this one a database of its own."
        )
    warn("the database has a newer schema than this version knows; it says that this one can run on it", count=version)


async def _alone(connection: Any, number: int) -> None:
    """StoreRefused where a process sends that could not go on after this step."""
    if not await connection.fetchval("SELECT to_regclass('nodes') IS NOT NULL"):
        return
    live = await connection.fetchval(_SENDING, LIVE_S)
    if live:
        raise StoreRefused(
            f"step {number} of the schema is none that older versions run on, and {live} processes send from this "
            "database: stop them first, then migrate, then start the new version."
        )
