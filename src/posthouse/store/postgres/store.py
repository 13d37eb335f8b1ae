"""The store on a PostgreSQL database: any number of processes on any number of machines, a few connections each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from posthouse.clock import Clock, SystemClock
from posthouse.mail.event import UNFINISHED, Status
from posthouse.metrics.tally import Tally
from posthouse.routing.board import Fact
from posthouse.routing.quota import Spent
from posthouse.routing.switch import Switch
from posthouse.store.call import Call
from posthouse.store.contract import StoreDown
from posthouse.store.postgres import (
    audit,
    inbox,
    lessons,
    news,
    nodes,
    paging,
    reading,
    restored,
    suppression,
    switches,
    work,
)
from posthouse.store.postgres.connection import Line, Session
from posthouse.store.postgres.herald import Herald
from posthouse.store.postgres.migrate import migrate
from posthouse.store.postgres.partitions import Partitions
from posthouse.store.postgres.server import DEADLINE_S, Server
from posthouse.store.postgres.writer import Method, Writer
from posthouse.store.signal import Settlements, news_of, signalled
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

T = TypeVar("T")

WRITERS: Final = 2
"""Connections that commit, of a process that is alone: while one waits for the disk, the other one works."""

READERS: Final = 2

POLL_S: Final = 1.0
"""How long whoever waits relies on being told, and then looks for himself; a quarter of it where nobody can tell."""


class PostgresStore:
    """See the contract. What a method means where it raises StoreDown, and the answer to its commit was lost:

    its writes are there or they are not, all of them, and its docstring says what to do. `failed` is never set: the
    disk is the server's affair.
    """

    def __init__(self, server: Server, tally: Tally) -> None:
        """Use `open`. Needs a running event loop."""
        self.failed = asyncio.Event()
        self._due = asyncio.Event()
        self._settlements = Settlements()
        self._writer = Writer([Line(server) for _ in range(WRITERS)], self._committed, tally, work.hold)
        # Claims have a line of their own: two of one process would only step around each other.
        self._claimer = Writer([Line(server)], self._committed, tally, work.hold)
        self._lines = [Line(server) for _ in range(READERS)]
        self._readers: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
        for line in self._lines:
            self._readers.put_nowait(line)
        self._reading: set[asyncio.Task[Any]] = set()
        self._partitions = Partitions(server)
        self._herald = None if server.pooled else Herald(server, self._due.set, self._settled)
        self._poll_s = POLL_S / 4 if server.pooled else POLL_S

    @classmethod
    async def open(
        cls, url: str, clock: Clock | None = None, tally: Tally | None = None, deadline_s: float = DEADLINE_S
    ) -> "PostgresStore":
        """Open the database, and bring it up to date. StoreRefused says why not; its words never hold the password.

        url: see `Server`. clock: the one that the callers' instants are of. tally: counts the commits.

        Leases are left as they are: other processes may hold them. Those of the dead run out.
        """
        server = Server(url, clock or SystemClock(), deadline_s)
        await server.check()
        await migrate(server)
        return cls(server, tally or Tally())

    # Inbox

    def add(self, entries: Sequence[Entry]) -> asyncio.Future[list[Receipt | Mismatch]]:
        """StoreDown: ask again under the same idempotency key, which finds it; without one it may be there twice.

        A message that was to begin with it, and is there, waits until its lease runs out: give it back.
        """
        return self._writer.submit(inbox.add, entries)

    async def cancel(self, items: Sequence[Cancel]) -> list[Status | None]:
        """StoreDown: ask again. A message that was cancelled answers `cancelled`."""
        return await self._writer.submit(inbox.cancel, items)

    # Work

    async def claim(self, request: ClaimRequest) -> list[Claim]:
        """StoreDown: ask again. What was claimed and not handed over is swept when its lease has run out."""
        return await self._claimed(work.claim, request)

    async def sweep(self, request: ClaimRequest) -> list[Claim]:
        """StoreDown: as with `claim`."""
        return await self._claimed(work.sweep, request)

    async def overdue(self, request: ClaimRequest) -> list[Claim]:
        """StoreDown: as with `claim`."""
        return await self._claimed(work.overdue, request)

    async def intend(self, items: Sequence[Intent]) -> list[bool]:
        """StoreDown: do not send. Ask again (the same attempt under the same lease is begun once), or give it back.

        An attempt that was written nevertheless stays open until somebody records it: it counts as one in doubt.
        """
        return await self._writer.submit(work.intend, items, first=True)

    def record(self, items: Sequence[Result]) -> asyncio.Future[list[bool]]:
        """StoreDown: ask again, for as long as it takes. What was written is answered with True, and not written twice:

        a result is the same when its attempt ended with that outcome at that instant.
        """
        return self._writer.submit(work.record, items, first=True)

    async def finish(self, items: Sequence[Ending]) -> list[bool]:
        """StoreDown: ask again. False then says only that the lease is gone, by this ending or otherwise: let it be."""
        return await self._writer.submit(work.finish, items, first=True)

    async def postpone(self, items: Sequence[Delay]) -> list[bool]:
        """StoreDown: as with `finish`."""
        return await self._writer.submit(work.postpone, items, first=True)

    async def renew(self, items: Sequence[Renewal]) -> list[bool]:
        """StoreDown: ask again. To renew twice is to renew once."""
        return await self._writer.submit(work.renew, items, first=True)

    async def told(self, items: Sequence[Told]) -> list[Status | None]:
        """StoreDown: ask again. The same news is not added twice."""
        return await self._writer.submit(news.told, items)

    async def retire(self, content_before: float, records_before: float, limit: int) -> int:
        """StoreDown: ask again. What was forgotten is not counted then."""
        if not self._partitions.spans:
            await self._partitions.look()
        asked = (content_before, records_before, limit, self._partitions.spans)
        [count] = await self._writer.submit(reading.retire, [asked])
        return int(count)

    async def rotate(self, now: float, content_s: float, records_s: float) -> int:
        """StoreDown: what was not done is done the next time."""
        return await self._partitions.rotate(now, content_s, records_s)

    async def exchange(self, told: Lessons, heard: Mapping[str, int]) -> list[Lessons]:
        """StoreDown: ask again, with the same."""
        if not told.facts:
            return await self._read(lambda db: lessons.since(db, told.node, heard))
        found: list[Lessons] = (await self._writer.submit(lessons.exchange, [(told, heard)]))[0]
        return found

    async def take_probe(self, pool: str, provider: str, node: str, hold_s: float) -> bool:
        """StoreDown: ask again."""
        taken: bool = (await self._writer.submit(nodes.take_probe, [(pool, provider, node, hold_s)]))[0]
        return taken

    async def due(self, timeout_s: float) -> None:
        await signalled(self._due, min(timeout_s, self._poll_s))
        self._due.clear()

    # Reading

    async def find(self, message_id: str, pool: str | None) -> Record | None:
        return await self._read(lambda db: reading.find(db, message_id, pool))

    async def remembered(self, pool: str, once: Once, now: float) -> Receipt | Mismatch | None:
        return await self._read(lambda db: reading.remembered(db, pool, once, now))

    async def content(self, message_id: str, pool: str | None) -> Stored | None:
        return await self._read(lambda db: reading.content(db, message_id, pool))

    async def page(self, query: Query) -> Page:
        return await self._read(lambda db: paging.page(db, query))

    async def observations(self, since: float) -> dict[str, list[Fact]]:
        return await self._read(lambda db: reading.observations(db, since))

    async def spent(
        self, since_day: float, since_month: float, providers: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Spent]:
        return await self._read(lambda db: reading.spent(db, since_day, since_month, providers))

    async def accepted(self, since: float) -> dict[tuple[str, str], int]:
        return await self._read(lambda db: reading.accepted(db, since))

    async def waiting(self, now: float) -> float:
        return await self._read(lambda db: reading.waiting(db, now))

    async def backlog(self, now: float) -> Backlog:
        return await self._read(lambda db: reading.backlog(db, now))

    async def settled(self, message_id: str, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        with self._settlements.watch(message_id) as settled:
            while True:
                settled.clear()
                status = await self._read(lambda db: reading.status(db, message_id))
                left = end - loop.time()
                if status not in UNFINISHED or left <= 0:
                    return
                await signalled(settled, min(left, self._poll_s))

    # Controls, Suppressions

    async def beat(self, node: str, gone_s: float) -> list[str]:
        """StoreDown: ask again."""
        live: list[str] = (await self._writer.submit(nodes.beat, [(node, gone_s)]))[0]
        # Where others commit while this one waits for the disk, a second line would only make all commits smaller.
        self._writer.most = WRITERS if len(live) == 1 else 1
        return live

    async def leave(self, node: str) -> None:
        """StoreDown: it is gone all the same after a while."""
        await self._writer.submit(nodes.leave, [node])

    async def switch(self, items: Sequence[Switching]) -> list[Switch]:
        """StoreDown: ask again. To set a switch twice is to set it once."""
        return await self._writer.submit(switches.switch, items)

    async def switches(self) -> dict[str, dict[str, Switch]]:
        return await self._read(switches.switches)

    async def suppress(self, items: Sequence[Suppression]) -> list[bool]:
        """StoreDown: ask again. False may then say that it was this call that suppressed the address."""
        return await self._writer.submit(suppression.suppress, items, alone=True)

    async def unsuppress(self, items: Sequence[Lifting]) -> list[bool]:
        """StoreDown: as with `suppress`."""
        return await self._writer.submit(suppression.unsuppress, items, alone=True)

    async def suppressions(
        self, pool: str, limit: int, after: str | None, address: str | None = None
    ) -> list[Suppression]:
        return await self._read(lambda db: suppression.page(db, pool, limit, after, address))

    # Audit, Restored

    async def audit(self, items: Sequence[Change]) -> None:
        """StoreDown: ask again. What has no `once` may then be there twice."""
        await self._writer.submit(audit.audit, items)

    async def audited(self, query: Audited) -> list[Change]:
        return await self._read(lambda db: audit.page(db, query))

    async def restored(self, items: Sequence[Restoring]) -> list[int]:
        """StoreDown: ask again. What was set aside is not counted then."""
        return await self._writer.submit(restored.restored, items)

    async def doubts(self) -> Doubts:
        return await self._read(restored.doubts)

    async def release(self, items: Sequence[Release]) -> list[int]:
        """StoreDown: ask again. What was released is not counted then."""
        return await self._writer.submit(restored.release, items)

    async def close(self) -> None:
        await asyncio.gather(self._writer.close(), self._claimer.close())
        await asyncio.gather(*self._reading, return_exceptions=True)
        for line in self._lines:
            await line.close()
        await self._partitions.close()
        if self._herald is not None:
            await self._herald.close()

    # Inside

    async def _claimed(self, method: Method, request: ClaimRequest) -> list[Claim]:
        claims: list[Claim]
        [claims] = await self._claimer.submit(method, [request])
        return claims

    async def _read(self, body: Callable[[Session], Awaitable[T]]) -> T:
        if self._writer.closed:
            raise StoreDown("the store is closed")
        task = asyncio.create_task(self._queried(body))
        self._reading.add(task)
        task.add_done_callback(self._read_done)
        return await asyncio.shield(task)  # whoever goes away leaves a connection that is still good

    def _read_done(self, task: asyncio.Task[Any]) -> None:
        self._reading.discard(task)
        if not task.cancelled():
            task.exception()

    async def _queried(self, body: Callable[[Session], Awaitable[T]]) -> T:
        line = await self._readers.get()
        try:
            return await line.read(body)
        finally:
            self._readers.put_nowait(line)

    def _settled(self, message_id: str | None) -> None:
        if message_id is None:
            self._settlements.settle_all()
        else:
            self._settlements.settle(message_id)

    def _committed(self, calls: list[Call]) -> None:
        """After a commit: wake whoever waits for work or for the end of a message, here and elsewhere."""
        due, ended = False, list[str]()
        for call in calls:
            call_due, call_ended = news_of(call.items, call.answers)
            due = due or call_due
            ended += call_ended
        if due:
            self._due.set()
        for message_id in ended:
            self._settlements.settle(message_id)
        if self._herald is not None:
            self._herald.announce(due=due, ids=ended)
