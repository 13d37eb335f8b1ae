"""Delivery with everything real but the carriers and the time: a store on disk, a desk, providers that do as told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from posthouse.delivery.attempt import attempt
from posthouse.delivery.desk import Carrier, Desk
from posthouse.mail.message import Envelope, Message
from posthouse.routing.outcome import Accepted, Outcome
from posthouse.routing.rules import BreakerRules, Candidate, Rules
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Claim, ClaimRequest, Entry, Query, Record
from tests.delivery.clock import FakeClock
from tests.store.letters import POOL, letter

TIMEOUT_S: Final = 30.0
NEVER_OPENS: Final = BreakerRules(failures=10**9, min_calls=10**9)

Act = Outcome | Exception | Callable[[Envelope], Awaitable[Outcome]]
"""What a carrier answers, what it raises, or what it does."""


class Scripted:
    """A provider that does one thing after the other, then accepts. sent: what it got; probes: how often asked."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.health: list[Act] = []
        self.sent: list[Envelope] = []
        self.probes = 0
        self.closed = False

    async def send(self, envelope: Envelope, timeout_s: float) -> Outcome:
        assert timeout_s == TIMEOUT_S
        self.sent.append(envelope)
        return await self._do(self.acts, envelope)

    async def probe(self, timeout_s: float) -> Outcome:
        self.probes += 1
        return await self._do(self.health, None)

    async def close(self) -> None:
        self.closed = True

    async def _do(self, acts: list[Act], envelope: Envelope | None) -> Outcome:
        act = acts.pop(0) if acts else Accepted(200, message_id=f"p-{len(self.sent)}")
        if isinstance(act, Exception):
            raise act
        if callable(act):
            assert envelope is not None
            return await act(envelope)
        return act


class Gate:
    """An act that waits until it is let through; `waiting` is how many do, `most` how many ever did at once."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.outcome = outcome or Accepted(200)
        self.waiting = self.most = self.passed = 0
        self._open = asyncio.Event()
        self._news = asyncio.Condition()

    async def __call__(self, envelope: Envelope) -> Outcome:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            await self._tell()
            await self._open.wait()
        finally:
            self.waiting -= 1
        self.passed += 1
        await self._tell()
        return self.outcome

    def open(self) -> None:
        self._open.set()

    async def reached(self, told: Callable[["Gate"], bool]) -> None:
        """Wait until that is so."""
        async with self._news:
            await self._news.wait_for(lambda: told(self))

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


class Office:
    """clock, store, desk and carriers of one pool."""

    def __init__(
        self, store: SqliteStore, clock: FakeClock, carriers: dict[str, Scripted], rules: Rules, probe: Message | None
    ) -> None:
        self.store, self.clock, self.carriers = store, clock, carriers
        named = {(POOL, name): Carrier(carrier, TIMEOUT_S, probe) for name, carrier in carriers.items()}
        self.desk = Desk(clock, store, {POOL: rules}, named)

    async def add(self, *entries: Entry) -> None:
        await self.store.add(entries)

    async def claim(self, limit: int = 1000) -> list[Claim]:
        """What is due now, leased as the worker would."""
        return await self.store.claim(ClaimRequest(limit, 2**30, self.clock.now(), self.desk.lease_s))

    async def claimed(self, **changes: Any) -> Claim:
        """A new message, claimed."""
        await self.add(letter(**changes))
        (claim,) = await self.claim()
        return claim

    async def attempt(self) -> None:
        """Claim what is due and try it once."""
        for claim in await self.claim():
            await attempt(claim, self.desk)

    async def record(self, message_id: str) -> Record:
        found = await self.store.find(message_id, POOL)
        assert found is not None
        return found

    async def only(self) -> Record:
        """The record of the one message there is."""
        (record,) = await self.store.page(Query())
        return await self.record(record.id)


@asynccontextmanager
async def office(folder: Path, probe: Message | None = None, **rules: Any) -> AsyncIterator[Office]:
    """An office with the carriers `first` and `second`, in that order, that never open their circuits unless said."""
    store = SqliteStore(folder / "posthouse.db")
    concurrency = rules.pop("concurrency", 64)
    candidates = tuple(
        Candidate(name, order=place, concurrency=concurrency) for place, name in enumerate(("first", "second"))
    )
    known = Rules(POOL, **{"candidates": candidates, "breaker": NEVER_OPENS, **rules})
    try:
        yield Office(store, FakeClock(), {"first": Scripted(), "second": Scripted()}, known, probe)
    finally:
        await store.close()
