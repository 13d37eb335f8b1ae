"""An office with a worker and an express way to it, and what can be seen of both."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from posthouse.delivery.desk import Carrier
from posthouse.delivery.express import Express
from posthouse.delivery.worker import Worker
from posthouse.routing.rules import Candidate, Rules
from posthouse.store.contract import Inbox
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Claim, ClaimRequest, Entry, Intent, Receipt, Record, Renewal
from tests.delivery.office import NEVER_OPENS, TIMEOUT_S, Office, Scripted
from tests.store.letters import OTHER_POOL, POOL, receipts


class Watched:
    """The store as the worker sees it: what was claimed, intended and renewed; claims can be kept waiting."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.claimed, self.intended, self.renewed = list[str](), list[str](), list[str]()
        self.asked = asyncio.Event()
        self.claims = asyncio.Event()
        self.claims.set()
        self.looks = 0
        self.news = asyncio.Condition()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claim(self, request: ClaimRequest) -> list[Claim]:
        self.asked.set()
        await self.claims.wait()
        claims = await self._store.claim(request)
        self.claimed += [claim.job.id for claim in claims]
        return claims

    async def intend(self, items: Sequence[Intent]) -> list[bool]:
        self.intended += [item.id for item in items]
        return await self._store.intend(items)

    async def renew(self, items: Sequence[Renewal]) -> list[bool]:
        self.renewed += [item.id for item in items]
        return await self._store.renew(items)

    async def due(self, timeout_s: float) -> None:
        """The worker waits: what it knows by its last claim, it knows by now."""
        async with self.news:
            self.looks += 1
            self.news.notify_all()
        await self._store.due(timeout_s)

    def keeps_claims_waiting(self) -> None:
        self.asked.clear()
        self.claims.clear()


class Station:
    """An office with a worker, and an express way to it."""

    def __init__(self, house: Office, inbox: Inbox | None = None, **limits: Any) -> None:
        self.house, self.store = house, Watched(house.store)
        house.desk.work = self.store
        self.worker = Worker(house.desk, **limits)
        self.express = Express(inbox or house.store, self.worker, house.desk)
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self.worker.run())

    async def stop(self, timeout_s: float = 20.0) -> int:
        """Stop as the gateway does; how many were left under way."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
        return await self.worker.drain(timeout_s)

    async def add(self, *entries: Entry) -> list[Receipt]:
        return receipts(await self.express.add(entries))

    async def begun(self, *entries: Entry) -> list[bool]:
        """Of each, whether it went the short way."""
        return [receipt.begun for receipt in await self.add(*entries)]

    async def added(self, *entries: Entry) -> list[bool]:
        """The same, once the worker has claimed what it could of the others and waits again, as it did before."""
        looks = self.store.looks
        answers = await self.begun(*entries)
        async with self.store.news:
            await self.store.news.wait_for(lambda: self.store.looks > looks)
        return answers

    async def nothing_waits(self, pool: str = POOL) -> None:
        """Wait until a claim has left nothing of that pool."""
        async with self.store.news:
            await self.store.news.wait_for(lambda: self.worker.has_room(pool, 0))

    async def in_flight(self, pool: str = POOL, provider: str = "first") -> int:
        """How many places at that provider are taken when the worker has stopped, with nothing in hand."""
        assert await self.stop() == 0
        return self.house.desk.board(pool).standing(provider).in_flight


@asynccontextmanager
async def at_work(house: Office, inbox: Inbox | None = None, **limits: Any) -> AsyncIterator[Station]:
    """A station whose worker runs, and has found nothing left to claim. inbox: in the place of the store."""
    at = Station(house, inbox, **limits)
    at.start()
    try:
        await at.nothing_waits()
        yield at
    finally:
        await at.stop(0.0)


def second_pool(house: Office, **candidate: Any) -> Scripted:
    """Let the office know OTHER_POOL too; its provider, `first`."""
    desk, carrier = house.desk, Scripted()
    rules = Rules(OTHER_POOL, candidates=(Candidate("first", **candidate),), breaker=NEVER_OPENS)
    carriers = {**desk.carriers, (OTHER_POOL, "first"): Carrier(carrier, TIMEOUT_S)}
    desk.reconfigure({POOL: desk.board(POOL).rules, OTHER_POOL: rules}, carriers)
    return carrier


def told(record: Record) -> list[tuple[int, str, str | None]]:
    """(number, provider, outcome) of each attempt."""
    return [(attempt.number, attempt.provider, attempt.outcome) for attempt in record.attempts]


def sent(carrier: Scripted) -> list[str]:
    """The ids of what it was handed, in that order."""
    return [envelope.id for envelope in carrier.sent]
