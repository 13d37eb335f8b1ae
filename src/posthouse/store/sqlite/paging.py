"""One page of records: which index leads to it, and how far it looks."""

from typing import Any

import apsw

from posthouse.mail.event import UNFINISHED
from posthouse.mail.ident import earliest
from posthouse.store import rows
from posthouse.store.pages import APART, FEW, LAST, filtered, within
from posthouse.store.sqlite.statement import SQL
from posthouse.store.values import Page, Query


def page(db: apsw.Connection, query: Query) -> Page:
    db.execute("BEGIN")  # one snapshot for the page and its edge
    try:
        return _page(db, query)
    finally:
        db.execute("COMMIT")


def _page(db: apsw.Connection, query: Query) -> Page:
    bindings = _bindings(query)
    way, edge = _way(db, query), None
    if query.scan is not None and filtered(query, way):
        name = {"messages": "edge", "pool": "edge_of_pool", "ended": "edge_of_ended"}[way]
        scan = max(1, query.scan // APART) if way == "ended" else query.scan
        edge = db.execute(SQL[name], bindings | {"scan": scan}).get
    if edge is not None:
        bindings["first"] = edge
    name = "page" if way == "messages" else f"page_of_{way}"
    records = tuple(rows.record(row) for row in db.execute(SQL[name], bindings))
    return Page(records, records[-1].id if len(records) == query.limit else edge)


def _way(db: apsw.Connection, query: Query) -> str:
    """How the page is reached: messages | pool | ended | unfinished."""
    if query.status in rows.ENDED:
        return "ended"
    if query.status in UNFINISHED and db.execute(SQL["unfinished"], (FEW,)).get < FEW:
        return "unfinished"
    return "messages" if query.pool is None else "pool"


def _bindings(query: Query) -> dict[str, Any]:
    # Ids begin with the millisecond of their acceptance: bounds on them make of each filter on time a seek.
    before = LAST if query.until is None else earliest(query.until + 0.002)
    return {
        "pool": query.pool,
        "first": "" if query.since is None else earliest(query.since),
        "before": before if query.after is None else min(before, query.after),
        "status": query.status,
        "provider": query.provider,
        "since": query.since,
        "until": query.until,
        "tag": query.tag,
        "tag_text": within(query.tag),
        "to": query.to,
        "to_text": within(query.to),
        "limit": query.limit,
    }
