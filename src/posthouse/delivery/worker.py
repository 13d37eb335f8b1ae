"""Takes due messages from the store while there is room, and attempts each; renews leases; drains on stop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from posthouse.delivery.attempt import attempt
from posthouse.delivery.desk import Desk
from posthouse.delivery.nodes import FRESH_S
from posthouse.delivery.portions import NOTHING, Free, Held, emptied, fits, most, portions
from posthouse.store.contract import StoreDown
from posthouse.store.signal import signalled
from posthouse.store.values import Claim, ClaimRequest, Renewal
from posthouse.telemetry import warn

T = TypeVar("T")

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
        self._messages = self._bytes = 0
        self._emptied: frozenset[str] = frozenset()
        self._passed: set[str] = set()
        self._asked: ClaimRequest | None = None
        self._claiming: asyncio.Future[list[Claim]] | None = None
        self._coming: set[asyncio.Future[Any]] = set()
        self._room = asyncio.Event()
        self.over = False

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
                    self._asked, self._emptied = None, frozenset()
                    warn("the store could not hand out messages", reason=str(error))
                    await self._desk.clock.sleep(DOWN_S)
        finally:
            renewing.cancel()

    async def drain(self, timeout_s: float) -> int:
        """Let what has begun end, give back what has not; how many were left when the time ran out.

        What is left stays written as begun and not ended: the next start takes it up as doubt.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        self._desk.draining = True
        if self._claiming is not None:
            # What was asked for before the stop is handed out after it: leased, and by nobody else to be had for long.
            handed_out, _ = await asyncio.wait([self._claiming], timeout=timeout_s)
            for one in handed_out:
                if one.exception() is None:
                    self._begin(one.result())
        if self._coming:
            await asyncio.wait(self._coming, timeout=max(0.0, end - loop.time()))
        if self._held:
            _, left = await asyncio.wait(self._held, timeout=max(0.0, end - loop.time()))
            for task in left:
                task.cancel()
        self.over = True
        return self._messages

    def has_room(self, pool: str, size: int) -> bool:
        """Whether a message that was not claimed may be taken in hand. Where not, what comes after it waits as well."""
        desk, asked = self._desk, self._asked
        if pool not in self._emptied or desk.draining or not self._heard_of():
            return False
        free, has, room = self._free(), self._pools.get(pool, NOTHING), 1
        if asked is not None:  # what may be claimed at this moment has its place
            free = Free(free.places - asked.limit, free.size - asked.max_bytes)
            claimed = sum(portion.room for portion in asked.portions if portion.pool == pool)
            room = desk.board(pool).room(desk.clock.now()) - claimed
        found = room > 0 and fits(free, has, size, alone=desk.alone)
        if not found:
            self.waits(pool)
        return found

    def waits(self, pool: str) -> None:
        """Something of this pool waits now that is due."""
        self._emptied -= {pool}
        self._passed.add(pool)

    def take(self, claim: Claim) -> None:
        """Have it in hand, until it is put down or what was started with it has ended."""
        self._count(claim, 1)

    def put_down(self, claim: Claim) -> None:
        """Nothing is started with it after all."""
        self._count(claim, -1)
        self._room.set()

    def expect(self, written: asyncio.Future[T], then: Callable[[asyncio.Future[T]], None]) -> None:
        """What is in hand is being written down: `then` starts it or puts it down. A drain waits for that."""
        self._coming.add(written)
        written.add_done_callback(then)
        written.add_done_callback(self._coming.discard)

    def start(self, claim: Claim, trying: Coroutine[Any, Any, None]) -> None:
        """What is in hand stays there until that has ended."""
        task = asyncio.create_task(trying)
        self._held[task] = claim
        task.add_done_callback(self._ended)

    async def renew(self) -> None:
        """Let the leases of all that is in hand last from now on; what somebody else has taken over stays his."""
        until = self._desk.clock.now() + self._desk.lease_s
        await self._desk.work.renew([Renewal(claim.job.id, claim.fence, until) for claim in self._held.values()])

    async def _step(self) -> None:
        """Claim what fits and start it; otherwise wait until something changes."""
        self._room.clear()
        desk, free = self._desk, self._free()
        if free.places <= 0 or free.size <= 0 or not self._heard_of():
            self._emptied = frozenset()  # nobody looks meanwhile
            await self._something_ends()
            return
        now = desk.clock.now()
        rooms = desk.rooms(now)
        wanted = portions(rooms, self._pools, free, self._emptied)
        bound = most(free, half=len(rooms) > 1 or bool(self._emptied))
        limit = min(bound.places, sum(portion.room for portion in wanted))
        if limit <= 0:
            self._emptied = frozenset()
            await self._something_ends()
            return
        self._asked = request = ClaimRequest(limit, bound.size, now, desk.lease_s, wanted)
        self._passed.clear()
        self._claiming = asyncio.ensure_future(desk.work.claim(request))
        claims = await asyncio.shield(self._claiming)
        self._claiming = None
        self._begin(claims)
        if claims:
            await asyncio.sleep(0)  # they take their places first, or the same places would be given away twice
        self._asked, self._emptied = None, emptied(request, claims) - self._passed
        if claims:
            return
        if any(portion.held and not portion.room for portion in wanted):
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

    def _free(self) -> Free:
        return Free(self._capacity - self._messages, self._max_bytes - self._bytes)

    def _begin(self, claims: list[Claim]) -> None:
        for claim in claims:
            self.take(claim)
            self.start(claim, attempt(claim, self._desk))

    def _ended(self, task: asyncio.Task[None]) -> None:
        claim = self._held.pop(task)
        self.put_down(claim)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The message keeps its lease until it runs out; then the sweep takes it up with what is written of it.
            warn("an attempt was left unfinished", trace=claim.trace, id=claim.job.id, error=error)

    def _count(self, claim: Claim, by: int) -> None:
        pool, size = claim.job.pool, by * claim.job.size
        has = self._pools.get(pool, NOTHING)
        self._messages += by
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
            except Exception as error:  # a fault of ours must not let the leases of all others run out as well
                warn("leases could not be renewed", error=error)


async def _set(event: asyncio.Event) -> None:
    await event.wait()
