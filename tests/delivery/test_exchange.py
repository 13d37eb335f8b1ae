"""Processes on one real PostgreSQL that learn from each other; each has a store, a desk and a clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest

from posthouse.clock import SystemClock
from posthouse.delivery import exchange as exchanges
from posthouse.delivery.desk import Carrier, Desk
from posthouse.delivery.exchange import AT_ONCE, HEARD_S, Exchange, exchange, exchanging
from posthouse.delivery.probe import probing
from posthouse.routing.board import Fact
from posthouse.routing.breaker import State
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Throttled, Unauthorised
from posthouse.routing.rules import BreakerRules, Candidate, Rules
from posthouse.store.contract import StoreDown
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.values import Lessons
from tests.delivery.clock import NOW, FakeClock
from tests.delivery.office import Scripted
from tests.store import database
from tests.store.letters import POOL, begun, letters, result

RULES = Rules(
    POOL,
    candidates=(Candidate("first"), Candidate("second", order=2)),
    breaker=BreakerRules(failures=3, min_calls=10**9, probe_every_s=5.0, probe_passes=2, probe_again_s=0.5),
)


LAX_S = 9.0
"""The clocks of these tests stand still, while the database's goes on: it moves what is told by as much."""


class Hanging(Scripted):
    """A provider that does not answer a health call."""

    async def probe(self, timeout_s: float) -> Outcome:
        self.probes += 1
        await asyncio.Event().wait()
        raise AssertionError


class Process:
    """One of those on a database."""

    def __init__(self, store: PostgresStore, clock: FakeClock, name: str) -> None:
        self.store, self.clock = store, clock
        self.first = Scripted()
        carriers = {(POOL, "first"): Carrier(self.first, 30.0), (POOL, "second"): Carrier(Scripted(), 30.0)}
        self.exchange = Exchange(clock, store, name)
        self.desk = Desk(clock, store, {POOL: RULES}, carriers, exchange=self.exchange)

    def learns(self, outcome: Outcome, times: int = 1, ago_s: float = 0.0) -> None:
        at = self.clock.now() - ago_s
        for number in range(times):
            self.desk.observe(POOL, Fact.of("first", outcome, at - (times - number - 1) / 1000, at - 5))

    async def looks(self) -> None:
        await exchange(self.desk, self.exchange)

    @property
    def circuit(self) -> State:
        return self.desk.circuits(self.clock.now())[POOL]["first"]

    @property
    def failures(self) -> int:
        return self.desk.board(POOL).standing("first").circuit.failures


Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a process on the test's database, which it shares with the others of this test."""
    url, clock, stores = (
        await database.server().create("exchange"),
        FakeClock(SystemClock().now()),
        list[PostgresStore](),
    )

    async def started(name: str, ahead_s: float = 0.0) -> Process:
        its_own = FakeClock(clock.now() + ahead_s) if ahead_s else clock
        stores.append(await PostgresStore.open(url, its_own))
        process = Process(stores[-1], its_own, name)
        await process.desk.take_up(process.store)
        return process

    yield started
    for store in stores:
        await store.close()


async def test_the_failures_that_one_saw_open_the_circuit_of_the_other_and_a_wrong_key_does(start: Start) -> None:
    one, two = await start("one"), await start("two")
    one.learns(Deferred(503), 3)
    assert (one.circuit, two.circuit) == ("open", "closed")
    await one.looks()
    await two.looks()
    assert two.circuit == "open"
    assert two.failures == one.failures == 3
    three = await start("three")
    one.desk.observe(POOL, Fact.of("second", Unauthorised(401), one.clock.now()))
    await one.looks()
    await three.looks()
    assert three.desk.circuits(three.clock.now())[POOL] == {"first": "open", "second": "open"}


async def test_failures_of_several_add_up_and_each_counts_once(start: Start) -> None:
    one, two, three = await start("one"), await start("two"), await start("three")
    one.learns(Deferred(503))
    two.learns(Deferred(503))
    for _ in range(3):
        for process in (one, two, three):
            await process.looks()
    assert [process.failures for process in (one, two, three)] == [2, 2, 2]
    three.learns(Deferred(503))
    for process in (three, one, two):
        await process.looks()
    assert [process.circuit for process in (one, two, three)] == ["open"] * 3


async def test_a_throttling_pauses_the_provider_for_all(start: Start) -> None:
    one, two = await start("one"), await start("two")
    one.learns(Throttled(429, retry_after_s=30.0))
    await one.looks()
    await two.looks()
    assert two.desk.board(POOL).standing("first").tempo.ready_at == pytest.approx(one.clock.now() + 30, abs=LAX_S)


async def test_what_could_not_be_told_is_told_by_the_next_look_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time nothing is written, the second time only the answer is lost."""
    one, two = await start("one"), await start("two")
    reach, trouble = one.store.exchange, ["before", "after"]

    async def unsteady(told: Lessons, heard: Mapping[str, int]) -> list[Lessons]:
        when = trouble.pop(0) if trouble else "never"
        if when == "before":
            raise StoreDown("away")
        found = await reach(told, heard)
        if when == "after":
            raise StoreDown("its answer was lost")
        return list(found)

    monkeypatch.setattr(one.store, "exchange", unsteady)
    one.learns(Deferred(503))
    looking = asyncio.create_task(exchanging(one.desk, one.exchange))
    await one.clock.sleeping(1)
    one.learns(Deferred(503))
    for times in (2, 3, 4):
        await one.clock.advance(exchanges.EVERY_S)
        await one.clock.sleeping(times)
        await two.looks()
    assert two.failures == 2
    looking.cancel()


async def test_a_process_that_starts_knows_what_attempts_and_probes_taught_each_once(start: Start) -> None:
    """An attempt that is in the store already is told of a moment later as well."""
    one = await start("one")
    claims = await begun(one.store, *letters(2), provider="first")
    for claim in claims:
        fact = Fact.of("first", Deferred(503), NOW + 1, NOW)
        one.desk.observe(POOL, fact)
        await one.store.record([result(claim, "deferred", "queued", fact=fact, due_at=NOW + 9)])
    two = await start("two")
    assert two.failures == 2
    await one.looks()
    await two.looks()
    assert two.failures == 2
    one.desk.observe(POOL, Fact.of("second", Deferred(503), one.clock.now(), spends=False, probe=True))
    await one.looks()
    three = await start("three")
    assert three.failures == 2
    assert three.desk.board(POOL).standing("second").health.health == 0.9


async def test_what_was_told_of_a_pool_that_this_configuration_does_not_have_is_left_alone(start: Start) -> None:
    one, two = await start("one"), await start("two")
    one.desk.observe("example.net", Fact.of("first", Unauthorised(401), NOW))
    await one.looks()
    await two.looks()
    assert [board.rules.pool for board in two.desk.boards()] == []


async def test_nothing_is_known_from_the_future_though_another_clock_is_ahead(start: Start) -> None:
    one, two = await start("one"), await start("two")
    one.learns(Unauthorised(401), ago_s=-30.0)
    await one.looks()
    await two.looks()
    circuit = two.desk.board(POOL).standing("first").circuit
    assert (circuit.opened_at, circuit.probe_at) == (one.clock.now(), one.clock.now() + 5)


async def test_much_that_was_told_leaves_others_their_turn(start: Start) -> None:
    one, two = await start("one"), await start("two")
    one.learns(Accepted(200), 3 * AT_ONCE)
    await one.looks()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += len(two.desk.boards())

    busy = asyncio.create_task(others())
    await two.looks()
    assert turns >= 2, "between the first facts and the last"
    busy.cancel()


async def test_whose_clock_is_an_hour_ahead_tells_of_now_all_the_same(start: Start) -> None:
    one, two = await start("one"), await start("two", ahead_s=3600.0)
    two.learns(Unauthorised(401))
    await two.looks()
    await one.looks()
    assert one.desk.board(POOL).standing("first").circuit.opened_at == pytest.approx(one.clock.now(), abs=LAX_S)


async def test_how_far_the_dead_were_heard_is_forgotten_in_the_end(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "NODES", 2)
    two = await start("two")
    for name in ("a", "b", "c"):
        teller = await start(name)
        teller.learns(Accepted(200))
        await teller.looks()
        await two.looks()
    assert two.exchange._heard == {"b": 1, "c": 1}


async def healing(processes: list[Process]) -> None:
    """Let half a second pass, in which every one of them looks and probes."""
    clock = processes[0].clock
    for process in processes:
        await process.looks()
    slept = len(clock.slept)
    await clock.advance(0.5)
    await clock.sleeping(slept + len(processes))


async def test_one_process_asks_a_provider_that_is_down_and_when_it_is_well_all_know(start: Start) -> None:
    one, two = await start("one"), await start("two")
    one.learns(Deferred(503), 3)
    await one.looks()
    await two.looks()
    one.first.health, two.first.health = [Deferred(503)], [Deferred(503)]
    tasks = [asyncio.create_task(probing(process.desk)) for process in (one, two)]
    await one.clock.sleeping(2)
    for _ in range(12):
        await healing([one, two])
    assert (one.first.probes, two.first.probes) in ((1, 0), (0, 1))
    assert (one.circuit, two.circuit) == ("open", "open")
    for _ in range(14):
        await healing([one, two])
    assert (one.circuit, two.circuit) == ("closed", "closed")
    standings = [process.desk.board(POOL).standing("first") for process in (one, two)]
    assert standings[0].trust.regained_at == pytest.approx(standings[1].trust.regained_at, abs=LAX_S)
    assert standings[0].trust.regained_at > 0
    assert 0 in (one.first.probes, two.first.probes)
    assert one.first.probes + two.first.probes == 3
    for task in tasks:
        task.cancel()


async def test_a_probe_that_hangs_is_the_only_one_over_all_processes(start: Start) -> None:
    one, two = await start("one"), await start("two")
    for process in (one, two):
        process.learns(Deferred(503), 3)
        process.desk.carriers[POOL, "first"].provider = process.first = Hanging()
    tasks = [asyncio.create_task(probing(process.desk)) for process in (one, two)]
    await one.clock.sleeping(2)
    for _ in range(30):
        await healing([one, two])
    assert one.first.probes + two.first.probes == 1
    for task in tasks:
        task.cancel()


async def test_a_process_that_died_over_its_probe_is_followed_by_another(start: Start) -> None:
    one, two = await start("one"), await start("two")
    assert await one.exchange.take_probe(POOL, "first", 0.0)
    assert await two.exchange.take_probe(POOL, "first", HEARD_S)
    assert not await one.exchange.take_probe(POOL, "first", 0.0)


async def test_nobody_probes_while_the_store_cannot_say_who(start: Start) -> None:
    one = await start("one")
    await one.store.close()
    assert not await one.exchange.take_probe(POOL, "first", 1.0)
