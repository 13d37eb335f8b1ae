"""What providers tell of a message after they have taken it."""

from typing import Final

import apsw

from posthouse.mail.event import UNFINISHED, Status, moved
from posthouse.store.sqlite.rows import ENDED
from posthouse.store.sqlite.statement import SQL, write
from posthouse.store.values import Told

LEAST: Final[Status] = "held"
"""From here every news of a message moves on: see `mail.event.moved`."""

SLICE: Final = 2_000
"""Events in which provider's ids are looked for in one transaction: others are not kept waiting for long."""


class Known:
    """A message on its way through a batch of news. earned: by news that came while it was unfinished."""

    __slots__ = ("earned", "id", "status")

    def __init__(self, id_: str, status: Status, earned: Status | None) -> None:
        self.id, self.status, self.earned = id_, status, earned

    @property
    def row(self) -> tuple[str, Status, Status | None, Status | None]:
        """For `tell`."""
        end = self.earned or self.status
        return (self.id, self.status, self.earned, end if end in ENDED else None)

    def hear(self, told: Told) -> bool:
        """Move on; whether that changed anything."""
        before = (self.status, self.earned)
        if self.status in UNFINISHED:
            earned = moved(self.earned or LEAST, told.type)
            self.earned = None if earned == LEAST else earned
        else:
            self.status, self.earned = moved(self.status, told.type), None
        return (self.status, self.earned) != before


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


def by_provider_id(item: Told) -> bool:
    """Whether only the provider's own id says which message is meant."""
    return item.message_id is None and item.provider_message_id is not None


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
