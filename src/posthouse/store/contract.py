"""What a store promises. Slices for those who use it; every method takes a batch and is one transaction.

Values in, values out: no rows, no SQL, no connection passes this line. Instants are seconds since the epoch, UTC.
A method that returns has its writes on disk (fsynced). Each may raise StoreDown: then nothing of the batch is
promised, and nothing may be answered that depends on it.
"""

from asyncio import Future
from collections.abc import Mapping, Sequence
from typing import Protocol

from posthouse.mail.event import Status
from posthouse.routing.board import Fact
from posthouse.routing.quota import Spent
from posthouse.routing.switch import Switch
from posthouse.store.values import (
    Audited,
    Backlog,
    Cancel,
    Change,
    Claim,
    ClaimRequest,
    Delay,
    Doubts,
    Ending,
    Entry,
    Intent,
    Lessons,
    Lifting,
    Mismatch,
    Once,
    Page,
    Query,
    Receipt,
    Record,
    Release,
    Renewal,
    Restoring,
    Result,
    Stored,
    Suppression,
    Switching,
    Told,
)


class StoreDown(Exception):
    """The store cannot take writes now (disk full, I/O error, closed).

    fatal: it never will. lost: only its answer may be missing: all that was asked for may be there.
    """

    def __init__(self, reason: str, *, fatal: bool = False, lost: bool = False) -> None:
        super().__init__(reason)
        self.fatal, self.lost = fatal, lost


class StoreRefused(Exception):
    """The store will not be opened, and why: in use, newer than this version, of another application, not durable."""


class Inbox(Protocol):
    """For intake."""

    def add(self, entries: Sequence[Entry]) -> Future[list[Receipt | Mismatch]]:
        """Message, content, first event and idempotency key of each entry, on disk. In the order of the entries.

        An entry that is `begun` is leased to the caller, under the fence 1, and its attempt written down. Where one of
        its recipients is suppressed it is not: it waits for a claim, like all others, and its receipt says so.
        """
        ...


class Recall(Protocol):
    """For whoever takes a message back."""

    async def cancel(self, items: Sequence[Cancel]) -> list[Status | None]:
        """The status of each message afterwards: `cancelled` where nothing was sent yet; None where there is none.

        Atomic against `intend`: a cancelled message is never sent, a message whose attempt has begun is not cancelled.
        """
        ...


class Work(Protocol):
    """For delivery."""

    async def claim(self, request: ClaimRequest) -> list[Claim]:
        """Due messages, each leased to the caller, lane by lane. No two claims hold one message.

        In a lane the pools take turns: the next message is the oldest of the pool that has the fewest in hand. So what
        is fresh in one pool never waits for what lies in another, however much that is. Never more of a pool than its
        portion says.

        Each says which of its recipients are suppressed: see `Suppressions`. Where no other process claims, it returns
        before the commit: should that fail, `intend` finds the lease lost.
        """
        ...

    async def intend(self, items: Sequence[Intent]) -> list[bool]:
        """Write that an attempt begins, before its first byte leaves. False: the lease is lost, do not send.

        A message of which a recipient was suppressed after it was claimed is given back here, due at once, and answered
        with False: whoever claims it next is told.
        """
        ...

    def record(self, items: Sequence[Result]) -> Future[list[bool]]:
        """Close an attempt: its row, the message's next state, the events. False: the lease was lost.

        A stale lease changes no state; what it learnt is kept as evidence on the attempt.
        """
        ...

    async def told(self, items: Sequence[Told]) -> list[Status | None]:
        """Add what providers tell later; the status of each message afterwards, None where the pool has none such.

        `mail.event.moved` is the way on. News of an unfinished message is kept, and counts when it ends as `sent` or
        `held`. The same news again changes nothing and is not added twice.
        """
        ...

    async def finish(self, items: Sequence[Ending]) -> list[bool]:
        """End claimed messages without an attempt. False: the lease was lost, nothing was written."""
        ...

    async def postpone(self, items: Sequence[Delay]) -> list[bool]:
        """Give claimed messages back until later. False: the lease was lost, nothing was written.

        An attempt that was written down and did not begin is closed with it, where its number is given.
        """
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

        What lies in a partition that will go as a whole is left to `rotate`.

        With the content go idempotency keys whose time was over at that instant, with the records what the audit says
        of before. What is in doubt keeps its content until the verdict.
        """
        ...

    async def rotate(self, now: float, content_s: float, records_s: float) -> int:
        """Where a store has partitions by time: make those to come, drop those that are old; how many were dropped.

        Content and history in a partition are kept until all of it is older than that, up to a
        seventh longer; nothing that is unfinished goes with it. What lies in no partition is left to `retire`.
        """
        ...

    async def observations(self, since: float) -> dict[str, list[Fact]]:
        """What attempts that began after `since` taught, per pool, in the order of their ends."""
        ...

    async def exchange(self, told: Lessons, heard: Mapping[str, int]) -> list[Lessons]:
        """Tell the other processes, where there is something to tell, and hear what they have told since.

        heard: the number of the last that was heard, of each process. Those of one process come in their order; none is
        passed over, whenever it was committed, unless it is older than a minute. LESSONS of them at the most: then ask
        again. The same number told again is nothing, so whoever lost an answer asks once more. Where no other process
        may use this store there is nothing to hear.
        """
        ...

    async def take_probe(self, pool: str, provider: str, node: str, hold_s: float) -> bool:
        """Whether this process may ask that provider now: for so long no other one may, whatever becomes of this one.

        Whoever has it may take it again, for longer or for less.
        """
        ...

    async def spent(
        self, since_day: float, since_month: float, providers: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Spent]:
        """What counts against the quotas of those (pool, provider): attempts since those instants that were accepted or
        left in doubt, or have not ended. `as_of` is since_day. last_start: 0 where it is a day older than both.
        """
        ...

    async def beat(self, node: str, gone_s: float) -> list[str]:
        """Say that this process lives; all that said so within the last gone_s seconds, in an order all agree on."""
        ...

    async def leave(self, node: str) -> None:
        """Say that this process sends no more."""
        ...

    async def due(self, timeout_s: float) -> None:
        """Return when something may have become due, or after the timeout."""
        ...


class Reading(Protocol):
    """For those who look."""

    async def find(self, message_id: str, pool: str | None) -> Record | None:
        """Everything about one message; None when there is none in that pool."""
        ...

    async def content(self, message_id: str, pool: str | None) -> Stored | None:
        """One message as it was accepted; None when there is none in that pool."""
        ...

    async def remembered(self, pool: str, once: Once, now: float) -> Receipt | Mismatch | None:
        """What `add` answers to whoever comes with this key; None where it is free."""
        ...

    async def page(self, query: Query) -> Page:
        """One page of records. What arrives or ends meanwhile moves nothing from one page to another."""
        ...

    async def settled(self, message_id: str, timeout_s: float) -> None:
        """Return when the message has reached a state in which nothing more is owed, or after the timeout."""
        ...

    async def accepted(self, since: float) -> dict[tuple[str, str], int]:
        """(pool, name of the key) → messages accepted since that instant, of the keys whose messages are counted."""
        ...

    async def waiting(self, now: float) -> float:
        """Age in seconds of the oldest message that is due and held by nobody; 0 when there is none."""
        ...

    async def backlog(self, now: float) -> Backlog:
        """How many messages are unfinished, and how long they wait. It walks over all of them: ask seldom."""
        ...


class Controls(Protocol):
    """For operators, and for those who follow them."""

    async def switch(self, items: Sequence[Switching]) -> list[Switch]:
        """Set the switches of those providers, each as a whole; how they stand afterwards. Audited."""
        ...

    async def switches(self) -> dict[str, dict[str, Switch]]:
        """pool → provider → its switch, of all that were ever set."""
        ...


class Suppressions(Protocol):
    """Who is not to be sent to. What is committed before an attempt's intent binds that attempt."""

    async def suppress(self, items: Sequence[Suppression]) -> list[bool]:
        """True: new. False: the address was suppressed already, and stays so as it was. What is new is audited."""
        ...

    async def unsuppress(self, items: Sequence[Lifting]) -> list[bool]:
        """Take addresses off the list. False: it was not there. What was there is audited."""
        ...

    async def suppressions(
        self, pool: str, limit: int, after: str | None, address: str | None = None
    ) -> list[Suppression]:
        """A page of a pool's list by address; after: the last address of the page before. address: only that one."""
        ...


class Audit(Protocol):
    """Who changed what. A change of the store is written down in its own transaction; the others are told here."""

    async def audit(self, items: Sequence[Change]) -> None:
        """Write changes down that were made elsewhere. One with a `once` that is there already changes nothing."""
        ...

    async def audited(self, query: Audited) -> list[Change]:
        """A page of changes, newest first."""
        ...


class Restored(Protocol):
    """A store that was restored from a copy is older than what was sent.

    Whatever was unfinished in the copy may have gone out since: it is `held`, and waits here for a verdict, while what
    is accepted from then on goes its way. A SQLite file that `posthouse backup` made knows that it is a copy, and sets
    its messages aside when it is opened.
    """

    async def restored(self, items: Sequence[Restoring]) -> list[int]:
        """Set aside all that is unfinished: `held`, its open attempt ended as `unsure`; how many. Audited."""
        ...

    async def doubts(self) -> Doubts:
        """What waits for a verdict. What providers told of meanwhile does not."""
        ...

    async def release(self, items: Sequence[Release]) -> list[int]:
        """Give the verdict on messages in doubt, and audit it; how many it met: at most `doubt.SLICE`, then ask again.

        One that was given stands.
        What is sent is due when it was due before, has the time its retries had at first, and is marked as a possible
        duplicate once it is attempted.
        """
        ...


class Store(Inbox, Recall, Work, Reading, Controls, Suppressions, Audit, Restored, Protocol):
    """All of it: what the gateway opens and closes."""

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file or the server."""
        ...
