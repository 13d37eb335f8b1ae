"""Answering those who look, on a connection that only reads."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import apsw
import msgspec

from posthouse.mail.ident import earliest
from posthouse.routing.board import Fact
from posthouse.routing.quota import Spent
from posthouse.store import rows
from posthouse.store.sqlite.statement import SQL
from posthouse.store.values import LANES, Backlog, Mismatch, Once, Provided, Receipt, Record, Stored, unpack

DAY_S: Final = 86_400.0


def find(db: apsw.Connection, message_id: str, pool: str | None) -> Record | None:
    db.execute("BEGIN")  # one snapshot for the message, its attempts and its events
    try:
        return _record(db, message_id, pool)
    finally:
        db.execute("COMMIT")


def _record(db: apsw.Connection, message_id: str, pool: str | None) -> Record | None:
    row = db.execute(SQL["find"], (message_id, pool)).fetchone()
    if row is None:
        return None
    attempts = db.execute(SQL["attempts"], (message_id,)).fetchall()
    events = db.execute(SQL["events"], (message_id,)).fetchall()
    return rows.record(row, attempts, events)


def content(db: apsw.Connection, message_id: str, pool: str | None) -> Stored | None:
    db.execute("BEGIN")
    try:
        record = _record(db, message_id, pool)
        if record is None:
            return None
        [(wanted, packed)] = db.execute(SQL["content"], (message_id,))
    finally:
        db.execute("COMMIT")
    try:
        message = None if packed is None else unpack(packed)
    except msgspec.MsgspecError:
        message = None  # spoilt is as good as forgotten
    return Stored(message, record, rows.wishes(wanted))


def remembered(db: apsw.Connection, pool: str, once: Once, now: float) -> Receipt | Mismatch | None:
    found = db.execute(SQL["find_key"], (pool, once.key, now)).fetchone()
    return None if found is None else rows.known(found, once)


def observations(db: apsw.Connection, since: float) -> dict[str, list[Fact]]:
    facts: dict[str, list[Fact]] = defaultdict(list)
    for pool, *rest in db.execute(SQL["observations"], (since,)):
        facts[pool].append(rows.fact(tuple(rest)))
    return dict(facts)


def spent(
    db: apsw.Connection, since_day: float, since_month: float, providers: Sequence[Provided]
) -> dict[Provided, Spent]:
    # A day further back, so that a rate that midnight falls into has its last start as well.
    since = min(since_day, since_month) - DAY_S
    found = {
        (pool, provider): Spent(today, month, since_day, last_start)
        for pool, provider, today, month, last_start in db.execute(SQL["spent"], (since, since_day, since_month))
    }
    return {line: found.get(line, Spent(as_of=since_day)) for line in providers}


def accepted(db: apsw.Connection, since: float) -> dict[tuple[str, str], int]:
    return {(pool, caller): count for pool, caller, count in db.execute(SQL["accepted"], (earliest(since),))}


def waiting(db: apsw.Connection, now: float) -> float:
    oldest = db.execute(SQL["oldest"]).get
    return 0.0 if oldest is None else max(0.0, now - oldest)


def backlog(db: apsw.Connection, now: float) -> Backlog:
    oldest: dict[int, float] = {lane: due_at for lane, due_at in db.execute(SQL["oldest_of_lanes"])}  # noqa: C416
    unfinished = {(pool, status): count for pool, status, count in db.execute(SQL["backlog"])}
    return Backlog(unfinished, {lane: max(0.0, now - oldest.get(lane, now)) for lane in LANES.values()})


def retire(db: apsw.Connection, items: list[tuple[float, float, int]]) -> list[int]:
    """(content_before, records_before, limit) → how many were forgotten. Writes: for the writer's connection."""
    answers = []
    for content_before, records_before, limit in items:
        # No content outlives its record, whatever the instants: nobody would come back for it.
        db.execute(SQL["retire_contents"], (earliest(max(content_before, records_before)), limit))
        touched = db.changes()
        gone = db.execute(SQL["retire_records"], (earliest(records_before), limit)).fetchall()
        ids = [row[:1] for row in gone]
        db.executemany(SQL["retire_attempts"], ids)
        db.executemany(SQL["retire_events"], ids)
        db.executemany(SQL["retire_provider_ids"], gone)
        db.execute(SQL["retire_entered"])
        db.execute(SQL["retire_keys"], (content_before, limit))
        touched += db.changes()
        touched += len(db.execute(SQL["retire_changes"], (records_before, limit)).fetchall())
        answers.append(touched + len(gone))
    return answers
