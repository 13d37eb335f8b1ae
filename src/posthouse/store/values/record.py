"""What those see who look: records, pages of them, what waits. Instants are epoch seconds, UTC."""

from collections.abc import Iterator
from typing import Final

import msgspec

from posthouse.mail.event import EventType, Status
from posthouse.mail.message import Message
from posthouse.routing.outcome import OutcomeKind
from posthouse.store.values.handed import Lane, Summary, Wanted

Provided = tuple[str, str]
"""(pool, provider)"""


class AttemptRecord(msgspec.Struct, frozen=True):
    number: int
    provider: str
    started_at: float
    finished_at: float | None
    outcome: OutcomeKind | None
    status: int | None
    detail: str | None
    evidence: str | None


class EventRecord(msgspec.Struct, frozen=True):
    type: EventType
    at: float
    provider: str | None
    recipient: str | None
    detail: str | None


class Record(msgspec.Struct, frozen=True):
    """All that is known of a message."""

    id: str
    pool: str
    status: Status
    lane: Lane
    class_name: str | None
    summary: Summary
    accepted_at: float
    due_at: float | None
    expires_at: float | None
    provider: str | None
    provider_message_id: str | None
    possible_duplicate: bool
    attempts: tuple[AttemptRecord, ...] = ()
    events: tuple[EventRecord, ...] = ()
    resent_from: str | None = None


class Stored(msgspec.Struct, frozen=True):
    """A message as it was accepted, to be sent again. message None: its content was forgotten already."""

    message: Message | None
    record: Record
    wanted: Wanted | None


SCAN: Final = 20_000
"""A good `Query.scan`: far enough for most lists, and soon over where nothing is found."""


class Query(msgspec.Struct, frozen=True):
    """A page of records, newest first. after: where the page before says that it goes on. pool None: all pools.

    scan: how many messages are looked at for the page at the most, None for all there are. Where few of them pass the
    filters the page comes back short, with the place to go on from.
    """

    limit: int = 50
    pool: str | None = None
    status: str | None = None
    to: str | None = None
    tag: str | None = None
    provider: str | None = None
    since: float | None = None
    until: float | None = None
    after: str | None = None
    scan: int | None = None


class Page(msgspec.Struct, frozen=True):
    """Records without attempts and events; reads as the sequence of them. after: where it goes on, None at the end.

    A page may be short, or empty, and go on nevertheless: see `Query.scan`.
    """

    records: tuple[Record, ...]
    after: str | None = None

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, place: int) -> Record:
        return self.records[place]


class Backlog(msgspec.Struct, frozen=True):
    """What is not finished at one moment.

    unfinished: (pool, status) → how many; no entry for none. oldest_s: lane → age in seconds of the oldest message that
    is due and held by nobody, 0 when there is none; all lanes.
    """

    unfinished: dict[tuple[str, Status], int]
    oldest_s: dict[Lane, float]
