"""The store on one SQLite file: one writer thread on one connection, a few that read."""

import asyncio
import threading
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from posthouse.clock import SystemClock
from posthouse.mail.event import UNFINISHED, Status
from posthouse.metrics.tally import Tally
from posthouse.routing.board import Fact
from posthouse.routing.quota import Spent
from posthouse.routing.switch import Switch
from posthouse.store.batch import Writer
from posthouse.store.call import Call
from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.known import by_provider_id
from posthouse.store.signal import Settlements, news_of, signalled
from posthouse.store.sqlite import (
    audit,
    file,
    inbox,
    news,
    paging,
    reading,
    restored,
    statement,
    suppression,
    switches,
    work,
)
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
    Who,
)

T = TypeVar("T")


class SqliteStore:
    """See the contract. `failed` is set when the disk can no longer be trusted: the process must end then."""

    def __init__(self, path: Path, tally: Tally | None = None) -> None:
        """Open or create the file. StoreRefused says why not. Needs a running event loop. tally: counts the commits."""
        self._path, self._tally = path, tally or Tally()
        self._lock = file.lock(path)
        try:
            self._db = file.connect(path)
            with file.transaction(self._db):
                copied_at = restored.mark(self._db)
                if copied_at is not None:
                    restored.restored(self._db, [Restoring(SystemClock().now(), Who("command"), copied_at)])
                # Whoever held these leases is dead: this process holds the file now.
                self._db.execute(statement.SQL["abandon_leases"])
        except BaseException as error:
            self._lock.close()
            if isinstance(error, StoreDown):
                raise StoreRefused(f"{path} cannot be written: {error}") from error
            raise
        self.failed = asyncio.Event()
        self._broken: StoreDown | None = None
        self._due = asyncio.Event()
        self._settlements = Settlements()
        self._undone = 0
        self._bound: dict[Callable[..., Any], Callable[[list[Any]], list[Any]]] = {
            method: partial(self._lease, method) for method in (work.claim, work.sweep, work.overdue)
        }
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(self._transaction, self._committed, name="posthouse-writer")
        self._readers = ThreadPoolExecutor(2, "posthouse-reader")
        self._thread = threading.local()
        self._opened: list[apsw.Connection] = []

    # Inbox

    def add(self, entries: Sequence[Entry]) -> Future[list[Receipt | Mismatch]]:
        return self._write(inbox.add, entries)

    async def cancel(self, items: Sequence[Cancel]) -> list[Status | None]:
        return await self._write(inbox.cancel, items)

    # Work

    async def claim(self, request: ClaimRequest) -> list[Claim]:
        # A lease is this process's own matter, and none outlives it: no commit need be waited for.
        return (await self._write(work.claim, [request], early=True))[0]

    async def sweep(self, request: ClaimRequest) -> list[Claim]:
        # First: a message that was begun after this was asked for may have a lease by a clock that was set back.
        return (await self._write(work.sweep, [request], first=True))[0]

    async def overdue(self, request: ClaimRequest) -> list[Claim]:
        return (await self._write(work.overdue, [request]))[0]

    async def intend(self, items: Sequence[Intent]) -> list[bool]:
        return await self._write(work.intend, items)

    def record(self, items: Sequence[Result]) -> Future[list[bool]]:
        return self._write(work.record, items)

    async def finish(self, items: Sequence[Ending]) -> list[bool]:
        return await self._write(work.finish, items)

    async def postpone(self, items: Sequence[Delay]) -> list[bool]:
        return await self._write(work.postpone, items)

    async def renew(self, items: Sequence[Renewal]) -> list[bool]:
        return await self._write(work.renew, items)

    async def told(self, items: Sequence[Told]) -> list[Status | None]:
        if any(map(by_provider_id, items)):
            while (await self._write(news.enter, [None]))[0]:
                pass  # in slices, so that others are served in between
        return await self._write(news.told, items)

    async def retire(self, content_before: float, records_before: float, limit: int) -> int:
        return (await self._write(reading.retire, [(content_before, records_before, limit)]))[0]

    async def rotate(self, now: float, content_s: float, records_s: float) -> int:
        return 0  # a file has no partitions

    async def beat(self, node: str, gone_s: float) -> list[str]:
        return [node]  # the file belongs to one process

    async def leave(self, node: str) -> None:
        """Nobody would be told."""

    async def exchange(self, told: Lessons, heard: Mapping[str, int]) -> list[Lessons]:
        return []  # nobody else learns anything

    async def take_probe(self, pool: str, provider: str, node: str, hold_s: float) -> bool:
        return True

    async def due(self, timeout_s: float) -> None:
        await signalled(self._due, timeout_s)
        self._due.clear()

    # Reading

    async def find(self, message_id: str, pool: str | None) -> Record | None:
        return await self._read(reading.find, message_id, pool)

    async def remembered(self, pool: str, once: Once, now: float) -> Receipt | Mismatch | None:
        return await self._read(reading.remembered, pool, once, now)

    async def content(self, message_id: str, pool: str | None) -> Stored | None:
        return await self._read(reading.content, message_id, pool)

    async def page(self, query: Query) -> Page:
        return await self._read(paging.page, query)

    async def observations(self, since: float) -> dict[str, list[Fact]]:
        return await self._read(reading.observations, since)

    async def spent(
        self, since_day: float, since_month: float, providers: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Spent]:
        return await self._read(reading.spent, since_day, since_month, providers)

    async def accepted(self, since: float) -> dict[tuple[str, str], int]:
        return await self._read(reading.accepted, since)

    async def waiting(self, now: float) -> float:
        return await self._read(reading.waiting, now)

    async def backlog(self, now: float) -> Backlog:
        return await self._read(reading.backlog, now)

    async def settled(self, message_id: str, timeout_s: float) -> None:
        with self._settlements.watch(message_id) as settled:
            record = await self.find(message_id, None)
            if record is not None and record.status in UNFINISHED:
                await signalled(settled, timeout_s)

    # Controls, Suppressions

    async def switch(self, items: Sequence[Switching]) -> list[Switch]:
        return await self._write(switches.switch, items)

    async def switches(self) -> dict[str, dict[str, Switch]]:
        return await self._read(switches.switches)

    async def suppress(self, items: Sequence[Suppression]) -> list[bool]:
        return await self._write(suppression.suppress, items)

    async def unsuppress(self, items: Sequence[Lifting]) -> list[bool]:
        return await self._write(suppression.unsuppress, items)

    async def suppressions(
        self, pool: str, limit: int, after: str | None, address: str | None = None
    ) -> list[Suppression]:
        return await self._read(suppression.page, pool, limit, after, address)

    # Audit, Restored

    async def audit(self, items: Sequence[Change]) -> None:
        await self._write(audit.audit, items)

    async def audited(self, query: Audited) -> list[Change]:
        return await self._read(audit.page, query)

    async def restored(self, items: Sequence[Restoring]) -> list[int]:
        return await self._write(restored.restored, items)

    async def doubts(self) -> Doubts:
        return await self._read(restored.doubts)

    async def release(self, items: Sequence[Release]) -> list[int]:
        return await self._write(restored.release, items)

    async def close(self) -> None:
        await self._writer.close()
        await asyncio.to_thread(self._readers.shutdown)
        for db in (*self._opened, self._db):
            db.close()
        self._lock.close()

    # Inside

    def _write(
        self,
        method: Callable[..., list[T]],
        items: Sequence[Any],
        *,
        early: bool = False,
        first: bool = False,
    ) -> Future[list[T]]:
        bound = self._bound.get(method)
        if bound is None:
            bound = self._bound[method] = partial(method, self._db)
        return self._writer.submit(bound, items, early=early, first=first)

    async def _read(self, method: Callable[..., T], *args: Any) -> T:
        if self._writer.closed:
            raise StoreDown("the store is closed")
        return await self._loop.run_in_executor(self._readers, self._query, method, args)

    def _query(self, method: Callable[..., T], args: tuple[Any, ...]) -> T:
        """On a reader's thread."""
        db = getattr(self._thread, "db", None)
        if db is None:
            db = self._thread.db = file.reader(self._path)
            self._opened.append(db)
        return method(db, *args)

    def _lease(
        self, method: Callable[[apsw.Connection, list[ClaimRequest], int], list[list[Claim]]], items: list[ClaimRequest]
    ) -> list[list[Claim]]:
        """On the writer's thread."""
        return method(self._db, items, self._undone)

    def _transaction(self, body: Callable[[], None]) -> None:
        """On the writer's thread. Once the disk has failed, nothing more is written: a later sync may lie."""
        if self._broken is not None:
            raise StoreDown(str(self._broken), fatal=True)
        began = SystemClock.monotonic()
        try:
            with file.transaction(self._db):
                body()
        except BaseException as error:
            self._undone += 1
            if isinstance(error, StoreDown) and error.fatal:
                self._broken = error
                self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
                self._loop.call_soon_threadsafe(self.failed.set)
            raise
        self._tally.commit_seconds.add(SystemClock.monotonic() - began)

    def _committed(self, calls: list[Call]) -> None:
        """On the event loop, after a commit: wake whoever waits for work or for the end of a message."""
        self._tally.commit_items.add(sum(len(call.items) for call in calls))
        for call in calls:
            due, ended = news_of(call.items, call.answers)
            if due:
                self._due.set()
            for message_id in ended:
                self._settlements.settle(message_id)
