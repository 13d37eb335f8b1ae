"""The store as it is: whether it answers, keeps what it takes, and has this version's schema. Nothing is changed."""

from pathlib import Path
from typing import Any, Final

import apsw

from posthouse.clock import Clock
from posthouse.config.values import Store
from posthouse.doctor.finding import Finding
from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.sql import migrations
from posthouse.store.sqlite import file

MIGRATE: Final = "Run 'posthouse migrate', or start 'posthouse serve', which does the same."

_SETTINGS: Final = """
SELECT current_setting('server_version'), current_setting('full_page_writes'), current_setting('synchronous_commit')
"""


def schema(place: str, found: int, newest: int) -> Finding:
    """Whether the schema is this version's."""
    if found == newest:
        return Finding("ok", "store", place, f"schema {found}")
    if found > newest:
        seen = f"schema {found} is a newer version's: this one knows {newest}"
        return Finding("fail", "store", place, seen, "Run the newer Posthouse again, or give this one another store.")
    return Finding("warn", "store", place, f"schema {found}, and this version writes {newest}", MIGRATE)


def sqlite(store: Store) -> Finding:
    """The file. A server may be running on it."""
    path = Path(store.path)
    if not path.exists():
        return Finding("ok", "store", store.place, "not there yet; 'posthouse serve' makes it")
    newest = len(migrations("posthouse.store.sqlite"))
    try:
        db = file.reader(path)
        try:
            application, version = db.pragma("application_id"), int(db.pragma("user_version"))
        finally:
            db.close()
    except apsw.Error as error:
        return Finding(
            "fail", "store", store.place, f"cannot be read: {error}", "Look at the file, its rights and the disk."
        )
    if application != file.APPLICATION_ID and (application or version):
        return Finding(
            "fail", "store", store.place, "belongs to another application", "Give Posthouse a file of its own."
        )
    return schema(store.place, version, newest)


async def postgresql(store: Store, clock: Clock, deadline_s: float) -> list[Finding]:
    """The server and the database."""
    from posthouse.store.postgres.migrate import schema as read
    from posthouse.store.postgres.server import LOST, Server

    server = Server(store.url.reveal(), clock, deadline_s)
    try:
        await server.check()
        connection = await server.connect(bare=True)
        try:
            settings = await connection.fetchrow(_SETTINGS)
            found = await read(connection)
        finally:
            connection.terminate()
    except (StoreRefused, StoreDown) as error:
        return [Finding("fail", "store", store.place, str(error), "Mend the server or `store`; nothing works without.")]
    except LOST as error:
        return [Finding("fail", "store", store.place, server.said(error), "Look at the database's own log.")]
    newest = len(migrations("posthouse.store.postgres"))
    if found == 0:
        made = Finding("ok", "store", store.place, "no tables yet; 'posthouse serve' or 'posthouse migrate' makes them")
    else:
        made = schema(store.place, found, newest)
    return [_durable(store.place, *settings), made]


def _durable(place: str, version: str, full_pages: Any, synchronous: Any) -> Finding:
    seen = f"PostgreSQL {version}, fsync on, full_page_writes {full_pages}, synchronous_commit {synchronous}"
    if full_pages != "on":
        advice = "Say full_page_writes = on, unless the file system never tears a page (ZFS)."
        return Finding("warn", "version", place, seen, advice)
    return Finding("ok", "version", place, seen)
