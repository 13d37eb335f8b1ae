"""Several processes on one database know of each other, and keep to their shares together."""

import asyncio

import asyncpg
import pytest

from posthouse.delivery import nodes
from posthouse.delivery.desk import Carrier, Desk
from posthouse.delivery.nodes import FRESH_S, SEEN_S, beat, join
from posthouse.delivery.worker import Worker
from posthouse.routing.rules import Candidate, Rate, Rules
from posthouse.store.postgres.store import PostgresStore
from tests.delivery.clock import FakeClock
from tests.delivery.office import Scripted
from tests.store import database
from tests.store.letters import POOL, begun, letter

RULES = Rules(POOL, candidates=(Candidate("first", rate=Rate(5, 1.0)), Candidate("second", daily=10)))


def desk(store: PostgresStore, clock: FakeClock) -> Desk:
    carriers = {(POOL, name): Carrier(Scripted(), 30.0) for name in ("first", "second")}
    return Desk(clock, store, {POOL: RULES}, carriers)


def limits(at: Desk) -> list[tuple[int, bool]]:
    """(sends a second, whether all of it is elsewhere) of each provider."""
    return [(c.rate.count if c.rate else 0, c.elsewhere) for c in at.board(POOL).rules.candidates]


async def test_they_share_limits_and_the_one_that_stays_gets_them_back() -> None:
    url = await database.server().create("nodes")
    stores = [await PostgresStore.open(url) for _ in range(2)]
    clock = FakeClock()
    one, two = (desk(store, clock) for store in stores)
    try:
        await join(one, "one")
        assert limits(one) == [(5, False), (0, False)]
        joining = asyncio.create_task(join(two, "two"))
        await clock.sleeping(1)
        assert clock.slept == [SEEN_S]
        await beat(one, "one")
        assert limits(one) == [(3, False), (0, False)]
        await clock.advance(SEEN_S)
        await joining
        assert limits(two) == [(2, False), (0, True)]
        await stores[0].leave("one")
        await beat(two, "two")
        assert limits(two) == [(2, False), (0, True)], "what the other sent counts for a second"
        await beat(two, "two")
        assert limits(two) == [(5, False), (0, False)]
    finally:
        for store in stores:
            await store.close()


async def test_one_line_commits_where_others_are_heard_of_and_two_where_nobody_is() -> None:
    url = await database.server().create("nodes")
    one, two = [await PostgresStore.open(url) for _ in range(2)]
    try:
        seen = list[int]()
        for who, name in ((one, "one"), (two, "two"), (one, "one")):
            await who.beat(name, 60.0)
            seen.append(one._writer.most)
        await two.leave("two")
        await one.beat("one", 60.0)
        assert [*seen, one._writer.most] == [2, 2, 1, 2]
    finally:
        for store in (one, two):
            await store.close()


async def test_who_has_not_been_heard_of_claims_nothing_until_it_was() -> None:
    store, clock = await PostgresStore.open(await database.server().create("nodes")), FakeClock()
    at = desk(store, clock)
    try:
        await beat(at, "one")
        worker = Worker(at)
        assert worker._heard_of()
        await clock.advance(FRESH_S)
        assert not worker._heard_of()
        await beat(at, "one")
        assert worker._heard_of()
    finally:
        await store.close()


async def test_who_becomes_the_first_counts_what_was_sent_until_it_was_seen() -> None:
    url, clock = await database.server().create("nodes"), FakeClock()
    stores = [await PostgresStore.open(url, clock) for _ in range(2)]
    try:
        await beat(desk(stores[1], clock), "two")
        one = desk(stores[0], clock)
        await one.take_up(stores[0])
        joining = asyncio.create_task(join(one, "one"))
        await clock.sleeping(1)
        await begun(stores[1], letter(1), letter(2), provider="second")
        await clock.advance(SEEN_S)
        await joining
        assert one.board(POOL).standing("second").spent.today == 2
    finally:
        for store in stores:
            await store.close()


async def test_a_sign_of_life_that_had_to_wait_counts_from_when_it_was_written() -> None:
    """The server of a connection that was given up may still hold the row: a disk that stands for long is enough."""
    url = await database.server().create("nodes")
    store, rival = await PostgresStore.open(url), await asyncpg.connect(url)
    try:
        await store.beat("one", 60.0)
        async with rival.transaction():
            await rival.execute("SELECT FROM nodes FOR UPDATE")
            beating = asyncio.create_task(store.beat("one", 0.2))
            while not await rival.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0)
            await rival.execute("SELECT pg_sleep(0.4)")
        assert await beating == ["one"]
    finally:
        await rival.close()
        await store.close()


async def test_who_counts_as_gone_says_so_anew_and_claims_nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    store, clock = await PostgresStore.open(await database.server().create("nodes")), FakeClock()
    at = desk(store, clock)
    try:
        await beat(at, "one")
        heard_at = at.beat_at
        beating = asyncio.create_task(nodes.beating(at, "one"))
        await clock.sleeping(1)
        monkeypatch.setattr(nodes, "GONE_S", 0.0)
        await clock.advance(nodes.EVERY_S)
        await clock.sleeping(2)
        assert at.beat_at == heard_at
        monkeypatch.setattr(nodes, "GONE_S", 60.0)
        await clock.advance(nodes.EVERY_S)
        await clock.sleeping(3)
        assert at.beat_at == clock.monotonic()
        beating.cancel()
    finally:
        await store.close()


async def test_it_stops_claiming_before_one_it_has_not_heard_of_begins_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sign of life counts from when it was asked for: who came while the database was slow may not be told of."""
    store, clock = await PostgresStore.open(await database.server().create("nodes")), FakeClock()
    at, told = desk(store, clock), store.beat

    async def slow(node: str, gone_s: float) -> list[str]:
        live = await told(node, gone_s)
        await clock.advance(1.5)
        return live

    monkeypatch.setattr(store, "beat", slow)
    try:
        began_at = clock.monotonic()
        await beat(at, "one")
        worker = Worker(at)
        assert worker._heard_of()
        await clock.advance(FRESH_S - 1.5)
        assert not worker._heard_of()
        assert clock.monotonic() - began_at < SEEN_S
    finally:
        await store.close()
