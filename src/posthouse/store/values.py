"""What passes the line between a store and its readers: values, no rows, no SQL. Instants are epoch seconds, UTC."""

from typing import Literal

import msgspec

from posthouse.mail.event import EventType, Status
from posthouse.mail.message import Message
from posthouse.routing.board import Fact
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.retry import Happening
from posthouse.routing.rules import Course, Job

Lane = Literal[0, 1, 2]
LANES: dict[str, Lane] = {"critical": 0, "normal": 1, "bulk": 2}


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


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(Message)


def pack(message: Message) -> bytes:
    """A message as it is stored: MessagePack, attachments as they are."""
    return _packer.encode(message)


def unpack(content: bytes) -> Message:
    """The way back from `pack`."""
    return _unpacker.decode(content)
