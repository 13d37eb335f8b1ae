"""What passes the line between a store and its readers: values, no rows, no SQL. Instants are epoch seconds, UTC."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from posthouse.mail.event import EventType, Status
from posthouse.mail.message import Message
from posthouse.routing.board import Fact
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.retry import Happening
from posthouse.routing.rules import Course, Job
from posthouse.routing.switch import Switch

Lane = Literal[0, 1, 2]
LANES: dict[str, Lane] = {"critical": 0, "normal": 1, "bulk": 2}


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a record says of a message when its content is gone. Addresses as shown to a person."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    tags: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def emails(self) -> tuple[str, ...]:
        """The recipients' addresses alone, in lower case."""
        return tuple([shown[shown.rfind("<") + 1 :].removesuffix(">").lower() for shown in self.recipients])


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
    """A message to be accepted. due_at: when it may first be sent. content: a Message, packed by `pack`.

    summary: names every recipient of the content. resent_from: the id of the message whose content it sends again.
    caller: the name of the key that handed it in, where its messages are counted. trace: what its log lines and spans
    are found by, see `telemetry.trace`.
    """

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
    resent_from: str | None = None
    caller: str | None = None
    trace: str | None = None

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
    suppressed: recipients that must not be sent to, in lower case. seen: the pool's newest suppression at that moment.
    told: what a provider has told of it meanwhile, as the status that follows from it; None where it told nothing.
    trace: the entry's.
    """

    job: Job
    fence: int
    leased_until: float
    attempts: int
    accepted_at: float
    message: Message
    owed: tuple[str, ...] | None = None
    opened: Opened | None = None
    suppressed: tuple[str, ...] = ()
    seen: int = 0
    told: Status | None = None
    trace: str | None = None


class Intent(msgspec.Struct, frozen=True):
    """An attempt about to begin. doubt: one before it ended in doubt, so that this may be the second send.

    seen: the claim's; whoever copies it has left out the claim's suppressed recipients.
    """

    id: str
    fence: int
    number: int
    provider: str
    pool: str
    at: float
    doubt: bool = False
    seen: int = 0


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


LESSONS: Final = 100
"""So many lessons are heard at once, at the most."""


class Lessons(msgspec.Struct, frozen=True):
    """What one process has learnt of providers, for all others to fold.

    number: 1, and one more with each of this process. facts: per pool, in the order of their ends, by its clock.
    behind_s: how far that is behind the clock of whoever hears; 0 where both count as one.
    """

    node: str
    number: int
    facts: dict[str, list[Fact]]
    behind_s: float = 0.0


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


class Portion(msgspec.Struct, frozen=True):
    """What a claim may take of one pool. room: so many messages at the most. held: so many are in hand already."""

    pool: str
    room: int
    held: int = 0


class ClaimRequest(msgspec.Struct, frozen=True):
    """limit, max_bytes: of what is claimed at the most (one message larger than max_bytes alone is allowed).

    portions: of the pools of which it matters; any other pool may fill the claim, and has nothing in hand.
    """

    limit: int
    max_bytes: int
    now: float
    lease_s: float
    portions: tuple[Portion, ...] = ()


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


class Who(msgspec.Struct, frozen=True):
    """Who changes something. kind: what he came with: a key (an administrator's or a pool's), the configuration file, a
    signal, a command on the machine. name: of the key. address: where he called from."""

    kind: Literal["admin", "pool", "file", "signal", "command"]
    name: str | None = None
    address: str | None = None


What = Literal["switch", "suppression", "configuration", "key", "restore", "release"]
"""What is changed, as the audit sorts it."""


class Change(msgspec.Struct, frozen=True):
    """One change that somebody made, as the audit keeps it. number: grows with each; given by the store.

    subject: what exactly: a provider, an address, the name of a key, a file. before, after: what there was and is, as
    far as it may be seen; None where there was, or is, nothing. once: changes that say the same here are one, written
    by whoever comes first: several processes read one file.
    """

    at: float
    what: What
    who: Who
    pool: str | None = None
    subject: str | None = None
    reason: str | None = None
    before: Any = None
    after: Any = None
    once: str | None = None
    number: int = 0


class Audited(msgspec.Struct, frozen=True):
    """A page of changes, newest first. after: the number of the last one of the page before. None: all of them."""

    limit: int
    pool: str | None = None
    what: What | None = None
    since: float | None = None
    after: int | None = None


class Switching(msgspec.Struct, frozen=True):
    """How an operator wants a pool's provider to stand from now on. who: for the audit; None leaves it out."""

    pool: str
    provider: str
    switch: Switch
    who: Who | None = None


class Suppression(msgspec.Struct, frozen=True):
    """An address that a pool does not send to. reason: in words. by: who said so, as far as is known.

    The store keeps the address in lower case, and so are addresses compared. who: for the audit, where somebody adds it
    by hand; it is not kept with the address.
    """

    pool: str
    address: str
    reason: str
    source: Literal["operator", "provider", "sender"]
    at: float
    by: str | None = None
    who: Who | None = None


class Lifting(msgspec.Struct, frozen=True):
    """An address that a pool may send to again. who: for the audit; None leaves it out."""

    pool: str
    address: str
    at: float = 0.0
    who: Who | None = None


Verdict = Literal["send", "hold", "cancel"]
"""What is to become of a message that is in doubt: sent, and marked if it is; left `held`; ended."""


class Doubts(msgspec.Struct, frozen=True):
    """What a restored store cannot know. pools: how many messages of each were unfinished in the copy, may have been
    sent since, and wait for a verdict. copied_at: when the copy was made, None where nobody wrote it down; restored_at:
    when it was put to use, None where the store never was a copy.
    """

    pools: dict[str, int]
    copied_at: float | None = None
    restored_at: float | None = None

    @property
    def count(self) -> int:
        return sum(self.pools.values())


class Restoring(msgspec.Struct, frozen=True):
    """A store turns out to be a copy. copied_at: made then; None: nobody knows."""

    at: float
    who: Who
    copied_at: float | None = None


class Release(msgspec.Struct, frozen=True):
    """A verdict on messages in doubt: on those of these ids, of this pool, or on all of them."""

    verdict: Verdict
    at: float
    who: Who
    ids: tuple[str, ...] | None = None
    pool: str | None = None
    reason: str | None = None


class Told(msgspec.Struct, frozen=True):
    """What a provider tells of a message later. at: when it happened, as the provider says.

    message_id: ours, where the provider gave it back; otherwise its own id finds the message. recipient: whom it
    concerns, None where that is not said.
    """

    pool: str
    provider: str
    type: EventType
    at: float
    message_id: str | None = None
    provider_message_id: str | None = None
    recipient: str | None = None
    detail: str | None = None


_packer = msgspec.msgpack.Encoder()
_unpacker = msgspec.msgpack.Decoder(Message)


def pack(message: Message) -> bytes:
    """A message as it is stored: MessagePack, attachments as they are."""
    return _packer.encode(message)


def unpack(content: bytes) -> Message:
    """The way back from `pack`."""
    return _unpacker.decode(content)
