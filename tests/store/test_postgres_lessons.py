"""Processes on one database hear all that the others have told: each thing once, in whatever order it commits."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from posthouse.routing.board import Fact
from posthouse.routing.outcome import Accepted, Deferred, Throttled, Unauthorised, Unsure
from posthouse.store.postgres.lessons import exchange
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.values import LESSONS, Lessons
from tests.delivery.clock import NOW, FakeClock
from tests.store import database
from tests.store.letters import POOL

EVERYTHING = [
    Fact.of("first", Accepted(202), NOW, NOW - 0.123456789),
    Fact.of("first", Throttled(429, retry_after_s=1.25, quota=True), NOW + 1),
    Fact.of("second", Unauthorised(401), NOW + 2, NOW + 1.5, probe=True, spends=False),
    Fact.of("second", Unsure(), NOW + 3, NOW),
]


def lessons(node: str, number: int) -> Lessons:
    return Lessons(node, number, {POOL: [Fact.of("first", Deferred(503), NOW + number, NOW)]})


def nothing(node: str) -> Lessons:
    return Lessons(node, 0, {})


def names(heard: list[Lessons]) -> list[tuple[str, int]]:
    return [(one.node, one.number) for one in heard]


@pytest.fixture
async def url() -> str:
    return await database.server().create("lessons")


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.open(url)
    yield opened
    await opened.close()


async def test_facts_are_heard_as_they_were_told(store: PostgresStore) -> None:
    told = Lessons("one", 1, {POOL: EVERYTHING, "example.net": EVERYTHING[:1]})
    await store.exchange(told, {})
    assert await store.exchange(nothing("two"), {}) == [told]


async def test_only_what_is_new_is_heard_and_that_in_its_order(store: PostgresStore) -> None:
    for number in (1, 2, 3):
        await store.exchange(lessons("one", number), {})
    await store.exchange(lessons("three", 7), {})
    assert names(await store.exchange(nothing("two"), {"one": 1, "gone": 9})) == [("one", 2), ("one", 3), ("three", 7)]
    assert names(await store.exchange(lessons("two", 1), {"one": 3})) == [("three", 7)]


async def test_to_tell_the_same_again_is_to_tell_it_once(store: PostgresStore) -> None:
    await store.exchange(lessons("one", 1), {})
    await store.exchange(lessons("one", 1), {})
    assert names(await store.exchange(nothing("two"), {})) == [("one", 1)]


async def test_what_is_committed_later_than_it_was_told_is_heard_all_the_same(url: str, store: PostgresStore) -> None:
    """One process's transaction stays open while another one tells twice, and somebody looks."""
    slow = await PostgresStore.open(url)
    begun, go = asyncio.Event(), asyncio.Event()

    async def late(session: object, items: list[object]) -> list[object]:
        answers = await exchange(session, items)  # type: ignore[arg-type]
        begun.set()
        await go.wait()
        return list(answers)

    telling = slow._writer.submit(late, [(lessons("slow", 1), {})])
    await begun.wait()
    await store.exchange(lessons("quick", 1), {})
    await store.exchange(lessons("quick", 2), {})
    first = await store.exchange(nothing("two"), {})
    assert names(first) == [("quick", 1), ("quick", 2)]
    go.set()
    await telling
    assert names(await store.exchange(nothing("two"), {"quick": 2})) == [("slow", 1)]
    await slow.close()


async def test_much_is_heard_in_parts_and_none_of_it_twice(url: str, store: PostgresStore) -> None:
    db = await asyncpg.connect(url)
    copied = (
        "INSERT INTO lessons SELECT $1, n, 0, clock_timestamp(), facts FROM lessons, generate_series(2, $2) AS s (n)"
    )
    await store.exchange(lessons("one", 1), {})
    await db.execute(copied + " WHERE node = 'one'", "one", LESSONS)
    await db.execute(copied + " WHERE node = 'one' AND number = 1", "three", 30)
    await db.close()
    heard: dict[str, int] = {}
    found: list[tuple[str, int]] = []
    while part := await store.exchange(nothing("two"), heard):
        assert len(part) <= LESSONS
        found += names(part)
        heard |= {one.node: one.number for one in part}
    assert sorted(found) == [*[("one", n) for n in range(1, LESSONS + 1)], *[("three", n) for n in range(2, 31)]]
    assert [n for node, n in found if node == "one"] == list(range(1, LESSONS + 1))


async def test_whoever_hears_is_told_how_far_the_others_clock_is_behind(url: str) -> None:
    behind, ahead = FakeClock(NOW), FakeClock(NOW + 3600)
    teller, hearer = await PostgresStore.open(url, behind), await PostgresStore.open(url, ahead)
    await teller.exchange(Lessons("one", 1, {POOL: [Fact.of("first", Accepted(), NOW - 2, NOW - 3)]}), {})
    [told] = await hearer.exchange(nothing("two"), {})
    assert told.facts == {POOL: [Fact.of("first", Accepted(), NOW - 2, NOW - 3)]}
    assert told.behind_s == pytest.approx(3600, abs=0.5)
    await teller.close()
    await hearer.close()


async def test_what_another_version_says_is_passed_over_and_what_follows_is_heard(
    url: str, store: PostgresStore
) -> None:
    db = await asyncpg.connect(url)
    await db.execute("INSERT INTO lessons VALUES ('new', 1, 0, clock_timestamp(), '\\xc1')")
    await store.exchange(lessons("new", 2), {})
    assert [one.facts for one in await store.exchange(nothing("two"), {})] == [{}, lessons("new", 2).facts]
    await db.close()


async def test_it_is_forgotten_after_a_minute(url: str, store: PostgresStore) -> None:
    await store.exchange(lessons("one", 1), {})
    await store.exchange(lessons("one", 2), {})
    db = await asyncpg.connect(url)
    await db.execute("UPDATE lessons SET told_at = told_at - interval '61 seconds' WHERE number = 1")
    await store.retire(0.0, 0.0, 100)
    assert await db.fetch("SELECT number FROM lessons") == [(2,)]
    await db.close()


async def test_one_process_at_a_time_asks_a_provider(url: str, store: PostgresStore) -> None:
    assert await store.take_probe(POOL, "first", "one", 60.0)
    assert not await store.take_probe(POOL, "first", "two", 60.0)
    assert await store.take_probe(POOL, "second", "two", 60.0)
    assert await store.take_probe(POOL, "first", "one", 60.0), "whoever has it may go on"


async def test_of_many_that_ask_at_once_one_may(url: str, store: PostgresStore) -> None:
    stores = [await PostgresStore.open(url) for _ in range(4)]
    answers = await asyncio.gather(
        *[one.take_probe(POOL, "first", f"{place}.{n}", 60.0) for n in range(5) for place, one in enumerate(stores)]
    )
    assert sum(answers) == 1
    for one in stores:
        await one.close()


async def test_whoever_died_over_it_keeps_the_others_from_it_no_longer_than_it_said(store: PostgresStore) -> None:
    assert await store.take_probe(POOL, "first", "dead", 60.0)
    assert await store.take_probe(POOL, "first", "dead", -1.0), "as if that time had passed"
    assert await store.take_probe(POOL, "first", "two", 60.0)
