"""What delivery takes and gives back: claims, intents, results, news. Instants are epoch seconds, UTC."""

from typing import Final, Protocol

import msgspec

from posthouse.mail.event import EventType, Status
from posthouse.mail.message import Message
from posthouse.routing.board import Fact
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.retry import Happening
from posthouse.routing.rules import Course, Job


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
    """A claimed message that goes back to the queue, untouched, until due_at.

    unsent: the number of an attempt that may have been written down, and did not begin. Where it was, it is closed.
    """

    id: str
    fence: int
    due_at: float
    unsent: int | None = None


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


class Leased(Protocol):
    """Something that is done under a lease."""

    @property
    def id(self) -> str: ...

    @property
    def fence(self) -> int: ...
