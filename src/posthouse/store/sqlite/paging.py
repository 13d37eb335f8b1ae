"""One page of records: which index leads to it, and how far it looks."""

from typing import Any, Final

import apsw
import msgspec

from posthouse.mail.event import UNFINISHED
from posthouse.mail.ident import earliest
from posthouse.store.sqlite import rows
from posthouse.store.sqlite.statement import SQL
from posthouse.store.values import Page, Query

LAST: Final = "~"
"""Sorts behind every id."""

FEW: Final = 5_000
"""Unfinished messages up to this number are found by the indexes of the queue, wherever they lie among the finished."""

APART: Final = 4
"""How many messages side by side are looked at in the time that one of those takes that lie apart."""

_json = msgspec.json.Encoder()


def page(db: apsw.Connection, query: Query) -> Page:
    db.execute("BEGIN")  # one snapshot for the page and its edge
    try:
        return _page(db, query)
    finally:
        db.execute("COMMIT")


def _page(db: apsw.Connection, query: Query) -> Page:
    bindings = _bindings(query)
    way, edge = _way(db, query), None
    if query.scan is not None and _filtered(query, way):
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


def _filtered(query: Query, way: str) -> bool:
    """Whether the way leads along messages that the page is not to show, without an end in sight."""
    if way == "unfinished":
        return False
    beside = query.pool if way == "ended" else query.status
    return any(wanted is not None for wanted in (beside, query.to, query.tag, query.provider))


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
        "tag_text": _within(query.tag),
        "to": query.to,
        "to_text": _within(query.to),
        "limit": query.limit,
    }


def _within(text: str | None) -> str | None:
    """The text as it stands in the JSON of a summary: to look for it there costs less than to read the JSON."""
    return None if text is None else _json.encode(text).decode()[1:-1]
