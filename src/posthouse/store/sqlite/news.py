"""What providers tell of a message after they have taken it."""

from typing import Final

import apsw

from posthouse.mail.event import Status
from posthouse.store.known import Known, by_provider_id
from posthouse.store.sqlite.statement import SQL, write
from posthouse.store.values import Told

SLICE: Final = 2_000
"""Events in which provider's ids are looked for in one transaction: others are not kept waiting for long."""


def told(db: apsw.Connection, items: list[Told]) -> list[Status | None]:
    if any(map(by_provider_id, items)):
        while enter(db, [None])[0]:
            pass  # what came in since the caller had the rest entered
    met: dict[str, Known] = {}
    changed: dict[str, Known] = {}
    events: dict[tuple[object, ...], None] = {}
    answers: list[Status | None] = []
    for item in items:
        found = _found(db, item)
        known = None if found is None else met.setdefault(found.id, found)
        answers.append(None)
        if known is None:
            continue
        if known.hear(item):
            changed[known.id] = known
        answers[-1] = known.status
        events[known.id, item.at, item.type, item.provider, item.recipient, item.detail] = None
    write(db, "tell", [known.row for known in changed.values()])
    for event in events:
        db.execute(SQL["add_news"], event)
    return answers


def enter(db: apsw.Connection, items: list[None]) -> list[bool]:
    """Enter the provider's ids of a slice of events for being looked up; whether more are left."""
    [(done, last)] = db.execute(SQL["entered"])
    upto = min(done + SLICE, last)
    if upto > done:
        db.execute(SQL["enter_provider_ids"], (done, upto))
        db.execute(SQL["set_entered"], (upto,))
    return [upto < last] * len(items)


def _found(db: apsw.Connection, item: Told) -> Known | None:
    if by_provider_id(item):
        found = db.execute(SQL["told_by_provider_id"], (item.pool, item.provider, item.provider_message_id))
    else:
        found = db.execute(SQL["told_by_id"], (item.message_id, item.pool))
    row = found.fetchone()
    return None if row is None else Known(*row)
