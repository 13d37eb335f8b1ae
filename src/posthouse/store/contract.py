"""What a store promises. Four slices for four readers; every method takes a batch and is one transaction.

Values in, values out: no rows, no SQL, no connection passes this line. Instants are seconds since the epoch, UTC.
A method that returns has its writes on disk (fsynced). Each may raise StoreDown: then nothing of the batch is
promised, and nothing may be answered that depends on it.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from posthouse.mail.event import EventType, Status
from posthouse.mail.message import Message
from posthouse.routing.board import Fact
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.retry import Happening
from posthouse.routing.rules import Course, Job

Lane = Literal[0, 1, 2]
LANES: dict[str, Lane] = {"critical": 0, "normal": 1, "bulk": 2}


class StoreDown(Exception):
    """The store cannot take writes now (disk full, I/O error, closed). `retry_after_s` for whoever may ask again."""

    def __init__(self, reason: str, *, fatal: bool = False) -> None:
        super().__init__(reason)
        self.fatal = fatal


class StoreRefused(Exception):
    """The store will not be opened, and why: in use, newer than this version, of another application, not durable."""


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a record says of a message when its content is gone. Addresses as shown to a person."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    tags: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender asked of routing: kept with the message."""

    provider: str | None = None
    require_tags: tuple[str, ...] = ()
    on_unsure: Literal["failover", "retry_same", "hold"] | None = None


class Once(msgspec.Struct, frozen=True):
    """An idempotency key: one message for it, until it is forgotten. digest: of the request that first used it."""

    key: str
    digest: bytes
    forget_at: float


class Entry(msgspec.Struct, frozen=True):
    """A message to be accepted. due_at: when it may first be sent. content: a Message, packed by `pack`."""

    id: str
    pool: str
    accepted_at: float
    due_at: float
    give_up_at: float
    summary: Summary
    content: bytes
    needs: int
    recipients: int
    lane: Lane = 1
    class_name: str | None = None
    expires_at: float | None = None
    wanted: Wanted | None = None
    once: Once | None = None

    @property
    def status(self) -> Status:
        return "scheduled" if self.due_at > self.accepted_at else "queued"


class Receipt(msgspec.Struct, frozen=True):
    """It is on disk. replayed: by an earlier request with the same idempotency key."""

    id: str
    status: Status
    replayed: bool = False


class Mismatch(msgspec.Struct, frozen=True):
    """The idempotency key was used before, by another request; nothing was stored."""

    id: str


class Opened(msgspec.Struct, frozen=True):
    """An attempt that was begun and never closed: its process died or lost its lease."""

    number: int
    provider: str
    started_at: float


class Claim(msgspec.Struct, frozen=True):
    """A message nobody else holds, until its lease runs out. fence: proof of holding; every write is checked by it.

    attempts: how many were begun. owed: the recipients still to be served, None for all. opened: left by `sweep`.
    """

    job: Job
    fence: int
    leased_until: float
    attempts: int
    accepted_at: float
    message: Message
    owed: tuple[str, ...] | None = None
    opened: Opened | None = None


class Intent(msgspec.Struct, frozen=True):
    """An attempt about to begin. doubt: one before it ended in doubt, so that this may be the second send."""

    id: str
    fence: int
    number: int
    provider: str
    pool: str
    at: float
    doubt: bool = False


class Result(msgspec.Struct, frozen=True):
    """How an attempt ended, and the state its message is in now.

    status_code, detail: the provider's words. fact: what the board learnt. The rest is the message's next state;
    due_at None: it is over. owed None: as before.
    """

    id: str
    fence: int
    number: int
    outcome: OutcomeKind
    fact: Fact
    status: Status
    course: Course
    due_at: float | None = None
    owed: tuple[str, ...] | None = None
    status_code: int | None = None
    detail: str | None = None
    provider_message_id: str | None = None
    events: tuple[Happening, ...] = ()


class Ending(msgspec.Struct, frozen=True):
    """The end of a claimed message without an attempt."""

    id: str
    fence: int
    at: float
    status: Status
    events: tuple[Happening, ...]


class Delay(msgspec.Struct, frozen=True):
    """A claimed message that goes back to the queue, untouched, until due_at."""

    id: str
    fence: int
    due_at: float


class Renewal(msgspec.Struct, frozen=True):
    """A lease that is to last until `until`."""

    id: str
    fence: int
    until: float


class ClaimRequest(msgspec.Struct, frozen=True):
    """limit, max_bytes: of what is claimed at the most (one message larger than max_bytes alone is allowed).

    full: pools that have no room and are passed over.
    """

    limit: int
    max_bytes: int
    now: float
    lease_s: float
    full: tuple[str, ...] = ()


class Cancel(msgspec.Struct, frozen=True):
    """A sender takes a message back. pool: whose it must be; None for whoever may see all."""

    id: str
    pool: str | None
    at: float


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


class Query(msgspec.Struct, frozen=True):
    """A page of records, newest first. after: the id of the last record of the page before. pool None: all pools."""

    limit: int = 50
    pool: str | None = None
    status: str | None = None
    to: str | None = None
    tag: str | None = None
    provider: str | None = None
    since: float | None = None
    until: float | None = None
    after: str | None = None


class Inbox(Protocol):
    """For intake."""

    async def add(self, entries: Sequence[Entry]) -> list[Receipt | Mismatch]:
        """Message, content, first event and idempotency key of each entry, on disk. In the order of the entries."""
        ...

    async def cancel(self, items: Sequence[Cancel]) -> list[Status | None]:
        """The status of each message afterwards: `cancelled` where nothing was sent yet; None where there is none.

        Atomic against `intend`: a cancelled message is never sent, a message whose attempt has begun is not cancelled.
        """
        ...


class Work(Protocol):
    """For delivery."""

    async def claim(self, request: ClaimRequest) -> list[Claim]:
        """Due messages, by lane and then by due time, each leased to the caller. No two claims hold one message."""
        ...

    async def intend(self, items: Sequence[Intent]) -> list[bool]:
        """Write that an attempt begins, before its first byte leaves. False: the lease is lost, do not send."""
        ...

    async def record(self, items: Sequence[Result]) -> list[bool]:
        """Close an attempt: its row, the message's next state, the events. False: the lease was lost.

        A stale lease changes no state; what it learnt is kept as evidence on the attempt.
        """
        ...

    async def finish(self, items: Sequence[Ending]) -> list[bool]:
        """End claimed messages without an attempt. False: the lease was lost, nothing was written."""
        ...

    async def postpone(self, items: Sequence[Delay]) -> list[bool]:
        """Give claimed messages back until later. False: the lease was lost, nothing was written."""
        ...

    async def renew(self, items: Sequence[Renewal]) -> list[bool]:
        """Make leases last longer. False: lost already."""
        ...

    async def sweep(self, request: ClaimRequest) -> list[Claim]:
        """Claim afresh what leases ran out on, with the attempt that was left open on each, if any."""
        ...

    async def overdue(self, request: ClaimRequest) -> list[Claim]:
        """Claim what waits beyond its end (expires_at, give_up_at), whatever pool it is in and whoever has room."""
        ...

    async def retire(self, content_before: float, records_before: float, limit: int) -> int:
        """Forget content, then records, of finished messages accepted before those instants; how many were touched.

        With the content go idempotency keys whose time was over at that instant.
        """
        ...

    async def observations(self, since: float) -> dict[str, list[Fact]]:
        """What attempts that began after `since` taught, per pool, in the order of their ends."""
        ...

    async def due(self, timeout_s: float) -> None:
        """Return when something may have become due, or after the timeout."""
        ...


class Reading(Protocol):
    """For those who look."""

    async def find(self, message_id: str, pool: str | None) -> Record | None:
        """Everything about one message; None when there is none in that pool."""
        ...

    async def page(self, query: Query) -> list[Record]:
        """One page of records, without attempts and events."""
        ...

    async def settled(self, message_id: str, timeout_s: float) -> None:
        """Return when the message has reached a state in which nothing more is owed, or after the timeout."""
        ...

    async def waiting(self, now: float) -> float:
        """Age in seconds of the oldest message that is due and held by nobody; 0 when there is none."""
        ...


class Store(Inbox, Work, Reading, Protocol):
    """All of it: what the gateway opens and closes."""

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file or the server."""
        ...


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(Message)


def pack(message: Message) -> bytes:
    """A message as it is stored: MessagePack, attachments as they are."""
    return _packer.encode(message)


def unpack(content: bytes) -> Message:
    """The way back from `pack`."""
    return _unpacker.decode(content)
