"""Answering those who look, on a connection that only reads."""

from collections import defaultdict
from typing import Final

import apsw

from posthouse.mail.ident import earliest
from posthouse.routing.board import Fact
from posthouse.store.sqlite import rows
from posthouse.store.sqlite.statement import SQL
from posthouse.store.values import Query, Record

LAST: Final = "~"
"""Sorts behind every id."""


def find(db: apsw.Connection, message_id: str, pool: str | None) -> Record | None:
    db.execute("BEGIN")  # one snapshot for the message, its attempts and its events
    try:
        row = db.execute(SQL["find"], (message_id, pool)).fetchone()
        if row is None:
            return None
        attempts = db.execute(SQL["attempts"], (message_id,)).fetchall()
        events = db.execute(SQL["events"], (message_id,)).fetchall()
        return rows.record(row, attempts, events)
    finally:
        db.execute("COMMIT")


def page(db: apsw.Connection, query: Query) -> list[Record]:
    # Ids begin with the millisecond of their acceptance: bounds on them make of each filter on time a seek.
    before = LAST if query.until is None else earliest(query.until + 0.002)
    bindings = {
        "pool": query.pool,
        "first": "" if query.since is None else earliest(query.since),
        "before": before if query.after is None else min(before, query.after),
        "status": query.status,
        "provider": query.provider,
        "since": query.since,
        "until": query.until,
        "tag": query.tag,
        "to": query.to,
        "limit": query.limit,
    }
    found = db.execute(SQL["page" if query.pool is None else "page_of_pool"], bindings)
    return [rows.record(row, [], []) for row in found]


def observations(db: apsw.Connection, since: float) -> dict[str, list[Fact]]:
    facts: dict[str, list[Fact]] = defaultdict(list)
    for pool, *rest in db.execute(SQL["observations"], (since,)):
        facts[pool].append(rows.fact(tuple(rest)))
    return dict(facts)


def waiting(db: apsw.Connection, now: float) -> float:
    oldest = db.execute(SQL["oldest"]).get
    return 0.0 if oldest is None else max(0.0, now - oldest)


def retire(db: apsw.Connection, items: list[tuple[float, float, int]]) -> list[int]:
    """(content_before, records_before, limit) → how many were forgotten. Writes: for the writer's connection."""
    answers = []
    for content_before, records_before, limit in items:
        # No content outlives its record, whatever the instants: nobody would come back for it.
        db.execute(SQL["retire_contents"], (earliest(max(content_before, records_before)), limit))
        touched = db.changes()
        gone = db.execute(SQL["retire_records"], (earliest(records_before), limit)).fetchall()
        db.executemany(SQL["retire_attempts"], gone)
        db.executemany(SQL["retire_events"], gone)
        db.execute(SQL["retire_keys"], (content_before, limit))
        answers.append(touched + len(gone) + db.changes())
    return answers
