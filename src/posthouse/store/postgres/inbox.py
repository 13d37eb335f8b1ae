"""Taking messages in, and taking them back."""

from typing import Any

import msgspec

from posthouse.mail.event import Status
from posthouse.store.postgres import suppression
from posthouse.store.postgres.connection import Session
from posthouse.store.postgres.statement import Db, Row, ask, json, packed, read, text, write
from posthouse.store.rows import message_row
from posthouse.store.values import Cancel, Entry, Mismatch, Receipt

SUMMARY = 13
"""The place of the summary in a row for `add_message`."""


async def add(db: Session, entries: list[Entry]) -> list[Receipt | Mismatch]:
    barred = await suppression.barred(db, [entry for entry in entries if entry.begun is not None])
    known = await _known(db, [entry for entry in entries if entry.once is not None])
    answers: list[Receipt | Mismatch] = []
    fresh: list[Entry] = []
    for entry in entries:
        first, digest, status = _first(known, entry)
        if first == entry.id:
            if entry.id in barred:
                entry = msgspec.structs.replace(entry, begun=None)
            fresh.append(entry)
            answers.append(Receipt(entry.id, entry.status, begun=entry.begun is not None))
        else:
            same = entry.once is not None and digest == entry.once.digest
            answers.append(Receipt(first, status, replayed=True) if same else Mismatch(first))
    if fresh:
        contents = [entry.content for entry in fresh]
        await ask(db, "add_message", packed([_row(entry) for entry in fresh]), contents, db.clock.now())
    return answers


Place = tuple[str, str]
"""(pool, idempotency key)"""

Use = tuple[str, bytes, Status]
"""(message, digest, status) of the request that has the key."""


def _first(known: dict[Place, Use], entry: Entry) -> Use:
    once = entry.once
    return (entry.id, b"", entry.status) if once is None else known[entry.pool, once.key]


async def _known(db: Db, entries: list[Entry]) -> dict[Place, Use]:
    """Who has each key now, of those here and of those before; the first of each is written down where it is free."""
    rows: dict[Place, Row] = {}
    for entry in entries:
        once = entry.once
        if once is not None and (entry.pool, once.key) not in rows:
            times = (entry.accepted_at, once.forget_at)
            rows[entry.pool, once.key] = (entry.pool, once.key, once.digest, entry.id, entry.status, *times)
    taken = {(pool, key) for pool, key in await read(db, "add_key", list(rows.values()))}
    found: dict[Place, Use] = {}
    kept: dict[Any, Place] = {}
    for place, row in rows.items():
        written = (text(place[0]), text(place[1]))
        if written in taken:
            found[place] = (row[3], row[2], row[4])
        else:
            kept[written] = place
    for pool, key, *use in await read(db, "find_key", list(kept)):
        message, digest, status = use
        found[kept[pool, key]] = (message, digest, status)
    return found


def _row(entry: Entry) -> Row:
    """For `add_message`. The summary is JSON that PostgreSQL reads."""
    row = [*message_row(entry), None if entry.begun is None else entry.begun.at]
    row[SUMMARY] = json(row[SUMMARY])
    return row


async def cancel(db: Db, items: list[Cancel]) -> list[Status | None]:
    ended = await read(db, "cancel", [(item.id, item.pool, item.at) for item in items])
    await write(db, "add_event", [(id_, at, "cancelled", None, None, None) for id_, at in ended])
    answers: list[Status | None] = [None] * len(items)
    for place, status in await read(db, "status", [(n, item.id, item.pool) for n, item in enumerate(items)]):
        answers[place] = status
    return answers
