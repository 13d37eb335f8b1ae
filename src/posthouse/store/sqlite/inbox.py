"""Taking messages in, and taking them back."""

import apsw
import msgspec

from posthouse.mail.event import Status
from posthouse.store.rows import attempt_rows, known, message_row
from posthouse.store.sqlite import suppression
from posthouse.store.sqlite.statement import SQL, write
from posthouse.store.values import Cancel, Entry, Mismatch, Receipt


def add(db: apsw.Connection, entries: list[Entry]) -> list[Receipt | Mismatch]:
    answers: list[Receipt | Mismatch] = []
    fresh: list[Entry] = []
    barred = suppression.barred(db, [entry for entry in entries if entry.begun is not None])
    for entry in entries:
        if entry.once is not None and (known := _known(db, entry)) is not None:
            answers.append(known)
            continue
        if entry.id in barred:
            entry = msgspec.structs.replace(entry, begun=None)
        fresh.append(entry)
        answers.append(Receipt(entry.id, entry.status, begun=entry.begun is not None))
    write(db, "add_message", [message_row(entry) for entry in fresh])
    write(db, "add_content", [(entry.id, entry.content) for entry in fresh])
    write(db, "add_attempt", attempt_rows(fresh))
    write(db, "add_event", [(entry.id, entry.accepted_at, "accepted", None, None, None) for entry in fresh])
    return answers


def _known(db: apsw.Connection, entry: Entry) -> Receipt | Mismatch | None:
    """What the idempotency key stands for already; None after it was written down for this entry."""
    once = entry.once
    assert once is not None  # noqa: S101  the caller looked
    found = db.execute(SQL["find_key"], (entry.pool, once.key, entry.accepted_at)).fetchone()
    if found is not None:
        return known(found, once)
    db.execute(SQL["add_key"], (entry.pool, once.key, once.digest, entry.id, entry.status, once.forget_at))
    return None


def cancel(db: apsw.Connection, items: list[Cancel]) -> list[Status | None]:
    answers: list[Status | None] = []
    for item in items:
        if db.execute(SQL["cancel"], (item.id, item.pool)).fetchone() is not None:
            write(db, "mark_ended", [(item.id,)])
            write(db, "add_event", [(item.id, item.at, "cancelled", None, None, None)])
            answers.append("cancelled")
        else:
            answers.append(db.execute(SQL["status"], (item.id, item.pool)).get)
    return answers
