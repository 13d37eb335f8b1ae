"""Who changed what."""

import apsw

from posthouse.store import changes
from posthouse.store.sqlite.statement import SQL, write
from posthouse.store.values import Audited, Change


def audit(db: apsw.Connection, items: list[Change]) -> list[None]:
    write(db, "add_change", [changes.row(item) for item in items])
    return [None for _ in items]


def page(db: apsw.Connection, query: Audited) -> list[Change]:
    after = changes.NEWEST if query.after is None else query.after
    found = db.execute(SQL["changes"], (after, query.pool, query.what, query.since, query.limit))
    return [changes.change(row) for row in found]
