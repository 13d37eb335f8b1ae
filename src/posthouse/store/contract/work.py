"""What delivery asks of a store: work to do, what became of it, and what the other processes know."""

from asyncio import Future
from collections.abc import Mapping, Sequence
from typing import Protocol

from posthouse.mail.event import Status
from posthouse.routing.board import Fact
from posthouse.routing.quota import Spent
from posthouse.store.values import Claim, ClaimRequest, Delay, Ending, Intent, Lessons, Renewal, Result, Told


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
