"""What is handed in, and what a message is once it is stored. Instants are epoch seconds, UTC."""

from typing import Literal

import msgspec

from posthouse.mail.event import Status
from posthouse.mail.message import Message
from posthouse.routing.rules import Job

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


class Begun(msgspec.Struct, frozen=True):
    """A first attempt that is written down together with its message. leased_until: of the message; at: its start."""

    provider: str
    leased_until: float
    at: float


class Entry(msgspec.Struct, frozen=True):
    """A message to be accepted. due_at: when it may first be sent. content: `message`, packed by `pack`.

    summary: names every recipient of the content. resent_from: the id of the message whose content it sends again.
    caller: the name of the key that handed it in, where its messages are counted. trace: what its log lines and spans
    are found by, see `telemetry.trace`. begun: an attempt that begins as soon as it is on disk. message: for whoever
    makes that attempt.
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
    begun: Begun | None = None
    message: Message | None = None

    @property
    def status(self) -> Status:
        return "scheduled" if self.due_at > self.accepted_at else "queued"


def job_of(entry: Entry) -> Job:
    """What routing is told of a message that was not stored, or not yet."""
    wanted = entry.wanted
    return Job(
        id=entry.id,
        pool=entry.pool,
        give_up_at=entry.give_up_at,
        needs=entry.needs,
        size=len(entry.content),
        recipients=entry.recipients,
        provider=None if wanted is None else wanted.provider,
        require_tags=frozenset() if wanted is None else frozenset(wanted.require_tags),
        on_unsure=None if wanted is None else wanted.on_unsure,
        expires_at=entry.expires_at,
    )


class Receipt(msgspec.Struct, frozen=True):
    """It is on disk. replayed: by an earlier request with the same idempotency key. begun: with its first attempt."""

    id: str
    status: Status
    replayed: bool = False
    begun: bool = False


class Mismatch(msgspec.Struct, frozen=True):
    """The idempotency key was used before, by another request; nothing was stored."""

    id: str


class Cancel(msgspec.Struct, frozen=True):
    """A sender takes a message back. pool: whose it must be; None for whoever may see all."""

    id: str
    pool: str | None
    at: float


_packer = msgspec.msgpack.Encoder()


_unpacker = msgspec.msgpack.Decoder(Message)


def pack(message: Message) -> bytes:
    """A message as it is stored: MessagePack, attachments as they are."""
    return _packer.encode(message)


def unpack(content: bytes) -> Message:
    """The way back from `pack`. msgspec.MsgspecError where a disk has spoilt it."""
    try:
        return _unpacker.decode(content)
    except UnicodeDecodeError as error:  # of all that may be wrong with it this alone is not one of msgspec's
        raise msgspec.DecodeError(str(error)) from None
