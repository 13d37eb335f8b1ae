"""One page of records: which index leads to it, and how far it looks."""

from typing import Any

from posthouse.mail.event import UNFINISHED
from posthouse.mail.ident import earliest
from posthouse.store import rows
from posthouse.store.pages import APART, FEW, LAST, filtered, within
from posthouse.store.postgres.statement import Db, ask
from posthouse.store.values import Page, Query


async def page(db: Db, query: Query) -> Page:
    first = "" if query.since is None else earliest(query.since)
    # Ids begin with the millisecond of their acceptance: bounds on them make of each filter on time a seek.
    before = LAST if query.until is None else earliest(query.until + 0.002)
    before = before if query.after is None else min(before, query.after)
    way, edge = await _way(db, query), None
    if query.scan is not None and filtered(query, way):
        edge = await _edge(db, query.scan, query, way, first, before)
    name = "page" if way == "messages" else f"page_of_{way}"
    found = await ask(db, name, first if edge is None else edge, before, *_filters(query), query.limit)
    records = tuple(rows.record(tuple(row)) for row in found)
    return Page(records, records[-1].id if len(records) == query.limit else edge)


async def _way(db: Db, query: Query) -> str:
    """How the page is reached: messages | pool | ended | unfinished."""
    if query.status in rows.ENDED:
        return "ended"
    if query.status in UNFINISHED:
        [(count,)] = await ask(db, "unfinished", FEW)
        if count < FEW:
            return "unfinished"
    return "messages" if query.pool is None else "pool"


async def _edge(db: Db, scan: int, query: Query, way: str, first: str, before: str) -> str | None:
    """The last message that is looked at; None where fewer are left."""
    if way == "ended":
        found = await ask(db, "edge_of_ended", first, before, max(1, scan // APART), query.status)
    elif way == "pool":
        found = await ask(db, "edge_of_pool", first, before, scan, query.pool)
    else:
        found = await ask(db, "edge", first, before, scan)
    return found[0][0] if found else None


def _filters(query: Query) -> tuple[Any, ...]:
    """From $3 on: pool, status, provider, since, until, tag, tag_text, to, to_text."""
    of_time = (query.since, query.until)
    of_words = (query.tag, within(query.tag), query.to, within(query.to))
    return (query.pool, query.status, query.provider, *of_time, *of_words)
