"""Takes due messages from the store while there is room, and attempts each; renews leases; drains on stop."""

import asyncio

from posthouse.delivery.attempt import attempt
from posthouse.delivery.desk import Desk
from posthouse.delivery.nodes import FRESH_S
from posthouse.delivery.portions import NOTHING, Free, Held, most, portions
from posthouse.store.contract import StoreDown
from posthouse.store.signal import signalled
from posthouse.store.values import Claim, ClaimRequest, Renewal
from posthouse.telemetry import warn

IDLE_S = 0.25
"""How long an idle worker waits before it looks again by itself: retries become due without a signal."""

DOWN_S = 1.0
"""How long to leave a store alone that could not answer."""


class Worker:
    """capacity: messages in hand at the same time. max_bytes: of their contents together."""

    def __init__(self, desk: Desk, capacity: int = 1024, max_bytes: int = 64 * 2**20) -> None:
        self._desk, self._capacity, self._max_bytes = desk, capacity, max_bytes
        self._held: dict[asyncio.Task[None], Claim] = {}
        self._pools: dict[str, Held] = {}
        self._bytes = 0
        self._claiming: asyncio.Future[list[Claim]] | None = None
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; what is in hand then goes on: see `drain`."""
        renewing = asyncio.create_task(self._renewing())
        try:
            while True:
                try:
                    await self._step()
                except StoreDown as error:
                    if error.fatal:
                        raise
                    warn("the store could not hand out messages", reason=str(error))
                    await self._desk.clock.sleep(DOWN_S)
        finally:
            renewing.cancel()

    async def drain(self, timeout_s: float) -> int:
        """Let what has begun end, give back what has not; how many were left when the time ran out.

        What is left stays written as begun and not ended: the next start takes it up as doubt.
        """
        self._desk.draining = True
        if self._claiming is not None:
            # What was asked for before the stop is handed out after it: leased, and by nobody else to be had for long.
            handed_out, _ = await asyncio.wait([self._claiming], timeout=timeout_s)
            for claim in [claim for task in handed_out if task.exception() is None for claim in task.result()]:
                self._start(claim)
        if not self._held:
            return 0
        _, left = await asyncio.wait(self._held, timeout=timeout_s)
        for task in left:
            task.cancel()
        return len(left)

    async def renew(self) -> None:
        """Let the leases of all that is in hand last from now on; what somebody else has taken over stays his."""
        until = self._desk.clock.now() + self._desk.lease_s
        await self._desk.work.renew([Renewal(claim.job.id, claim.fence, until) for claim in self._held.values()])

    async def _step(self) -> None:
        """Claim what fits and start it; otherwise wait until something changes."""
        self._room.clear()
        desk, free = self._desk, Free(self._capacity - len(self._held), self._max_bytes - self._bytes)
        if free.places <= 0 or free.size <= 0 or not self._heard_of():
            await self._something_ends()
            return
        now = desk.clock.now()
        rooms = desk.rooms(now)
        wanted = portions(rooms, self._pools, free)
        bound = most(free, len(rooms))
        limit = min(bound.places, sum(portion.room for portion in wanted))
        if limit <= 0:
            await self._something_ends()
            return
        request = ClaimRequest(limit, bound.size, now, desk.lease_s, wanted)
        self._claiming = asyncio.ensure_future(desk.work.claim(request))
        claims = await asyncio.shield(self._claiming)
        self._claiming = None
        for claim in claims:
            self._start(claim)
        if claims:
            await asyncio.sleep(0)  # they take their places first, or the same places would be claimed for twice
        elif any(portion.held and not portion.room for portion in wanted):
            await self._something_ends_or_comes()
        else:
            await desk.work.due(desk.wait_s(now, IDLE_S))

    def _heard_of(self) -> bool:
        """Whether the other processes count on this one. After a freeze they may not: it says that it lives first."""
        beat_at = self._desk.beat_at
        return beat_at is None or self._desk.clock.monotonic() - beat_at < FRESH_S

    async def _something_ends(self) -> None:
        """Until an attempt ends; or a moment, for what time alone changes (a pace, a pause, an open circuit)."""
        await signalled(self._room, self._desk.wait_s(self._desk.clock.now(), IDLE_S))

    async def _something_ends_or_comes(self) -> None:
        """The same where more may wait in a pool that is full; or until something becomes due in another one."""
        idle_s = self._desk.wait_s(self._desk.clock.now(), IDLE_S)
        waits = [asyncio.create_task(self._desk.work.due(idle_s)), asyncio.create_task(_set(self._room))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _start(self, claim: Claim) -> None:
        task = asyncio.create_task(attempt(claim, self._desk))
        self._held[task] = claim
        self._count(claim, 1)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        claim = self._held.pop(task)
        self._count(claim, -1)
        self._room.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The message keeps its lease until it runs out; then the sweep takes it up with what is written of it.
            warn("an attempt was left unfinished", trace=claim.trace, id=claim.job.id, error=error)

    def _count(self, claim: Claim, by: int) -> None:
        pool, size = claim.job.pool, by * claim.job.size
        has = self._pools.get(pool, NOTHING)
        self._bytes += size
        self._pools[pool] = Held(has.messages + by, has.size + size)

    async def _renewing(self) -> None:
        """Keep the leases of long attempts: twice within each lease's time."""
        while True:
            await self._desk.clock.sleep(self._desk.lease_s / 3)
            try:
                await self.renew()
            except StoreDown as error:
                warn("leases could not be renewed", reason=str(error))


async def _set(event: asyncio.Event) -> None:
    await event.wait()
