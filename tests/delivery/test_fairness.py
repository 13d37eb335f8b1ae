"""Several pools on one worker: none waits for another, however much lies there and however slow its provider is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from posthouse.delivery import worker as working
from posthouse.delivery.desk import Carrier, Desk
from posthouse.delivery.worker import Worker
from posthouse.routing.rules import Candidate, Rate, Rules
from posthouse.store.sqlite.store import SqliteStore
from tests.delivery.clock import NOW, FakeClock
from tests.delivery.office import NEVER_OPENS, TIMEOUT_S, Gate, Scripted
from tests.store.letters import OTHER_POOL, POOL, letter, letters

CAPACITY = 40


class House:
    """A worker with two pools, one provider each: OTHER_POOL is the big one, POOL the other."""

    def __init__(self, store: SqliteStore, **big: object) -> None:
        self.store = store
        self.big, self.small = Scripted(), Scripted()
        first = Candidate("first", concurrency=1000, **big)  # type: ignore[arg-type]
        rules = {
            pool: Rules(pool, candidates=(candidate,), breaker=NEVER_OPENS)
            for pool, candidate in ((OTHER_POOL, first), (POOL, Candidate("first", concurrency=4)))
        }
        carriers = {
            (OTHER_POOL, "first"): Carrier(self.big, TIMEOUT_S),
            (POOL, "first"): Carrier(self.small, TIMEOUT_S),
        }
        self.desk = Desk(FakeClock(), store, rules, carriers)

    async def sent(self, *ids: str) -> None:
        await asyncio.gather(*[self.store.settled(message_id, 20.0) for message_id in ids])
        records = [await self.store.find(message_id, None) for message_id in ids]
        assert [record and record.status for record in records] == ["sent"] * len(ids)


@asynccontextmanager
async def house(folder: Path, **big: object) -> AsyncIterator[House]:
    store = SqliteStore(folder / "posthouse.db")
    try:
        yield House(store, **big)
    finally:
        await store.close()


@asynccontextmanager
async def at_work(house: House) -> AsyncIterator[None]:
    worker = Worker(house.desk, capacity=CAPACITY)
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await worker.drain(0.0)


@pytest.fixture(autouse=True)
def never_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a signal wakes a worker."""
    monkeypatch.setattr(working, "IDLE_S", 3600.0)


async def test_a_pool_whose_provider_never_answers_leaves_places_for_the_others(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        gate = Gate()
        at.big.acts = [gate] * 500
        await at.store.add(letters(500, pool=OTHER_POOL))
        async with at_work(at):
            await gate.reached(lambda gate: gate.waiting >= CAPACITY // 2 - 2)
            fresh = letters(6, first=500, due_at=NOW)
            for entry in fresh:
                await at.store.add([entry])
                await at.sent(entry.id)
            assert CAPACITY // 2 - 2 <= gate.waiting == gate.most <= CAPACITY // 2 + 1


async def test_a_pool_that_answers_at_once_does_not_keep_the_worker_to_itself(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.store.add(letters(2000, pool=OTHER_POOL))
        await at.store.add([letter(2000)])
        async with at_work(at):
            await at.sent(letter(2000).id)
            assert len(at.big.sent) < 200


async def test_a_pool_that_is_slowed_keeps_none_of_the_others_waiting(tmp_path: Path) -> None:
    async with house(tmp_path, rate=Rate(1, 3600.0)) as at:
        await at.store.add(letters(200, pool=OTHER_POOL))
        async with at_work(at):
            for entry in letters(5, first=200):
                await at.store.add([entry])
                await at.sent(entry.id)
            assert len(at.big.sent) <= 1


async def test_a_pool_that_was_full_goes_on_at_once_while_another_one_is_idle(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        gate = Gate()
        at.small.acts = [gate] * 40
        entries = letters(40)
        await at.store.add(entries)
        async with at_work(at):
            await gate.reached(lambda gate: gate.waiting == 4)
            gate.open()
            await at.sent(*[entry.id for entry in entries])
        assert gate.most == 4


async def test_large_messages_of_one_pool_leave_bytes_for_the_others(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        gate = Gate()
        at.big.acts = [gate] * 50
        entries = letters(50, pool=OTHER_POOL)
        await at.store.add(entries)
        worker = Worker(at.desk, max_bytes=6 * len(entries[0].content))
        task = asyncio.create_task(worker.run())
        await gate.reached(lambda gate: gate.waiting >= 3)
        await at.store.add([letter(50)])
        await at.sent(letter(50).id)
        assert gate.waiting == gate.most <= 4
        task.cancel()
        await worker.drain(0.0)
