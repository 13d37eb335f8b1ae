"""Partitions: made ahead, dropped as a whole, and nothing that is unfinished goes with them."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from posthouse.clock import SystemClock
from posthouse.mail.ident import earliest
from posthouse.store.postgres import migrate, partitions
from posthouse.store.postgres.partitions import DAY_S, LAST, Partition, beside, instant, within
from posthouse.store.postgres.server import Server
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sql import migrations
from tests.store import database
from tests.store.letters import PLAIN, begun, claimed, ended, ids, letter, letters, status, wanted

TODAY = 4_000_000_000.0 // DAY_S * DAY_S
"""Far later than the first partition, which was there before there were any: it goes when one rotates first."""

CONTENT_S, RECORDS_S = 7 * DAY_S, 21 * DAY_S
BEFORE = "CREATE SEQUENCE events_number"


@pytest.fixture
async def url() -> str:
    return await database.server().create("parted")


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.open(url)
    yield opened
    await opened.close()


@pytest.fixture
async def db(url: str, store: PostgresStore) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def where(db: asyncpg.Connection, table: str) -> dict[str, int]:
    """partition → rows in it, of those that have any"""
    rows = await db.fetch(f"SELECT tableoid::regclass::text AS part, count(*) FROM {table} GROUP BY 1")
    return {row["part"]: row["count"] for row in rows}


async def parts(db: asyncpg.Connection, table: str) -> list[str]:
    rows = await db.fetch("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass", table)
    return sorted(row[0] for row in rows)


def test_what_no_partition_will_be_dropped_of_is_deleted_row_by_row() -> None:
    first, second, third = (Partition("t", "t", a, b) for a, b in (("", "3"), ("3", "5"), ("7", "9")))
    assert beside([]) == (("", LAST),)
    assert beside([first]) == (("", LAST),)
    assert beside([third, first, second]) == (("", "3"), ("5", "7"), ("9", LAST))
    assert [within(id_, beside([first, second, third])) for id_ in ("2", "3", "5", "8", "9")] == [
        *(True, False, True, False, True)
    ]


def test_the_instant_of_an_id_is_the_way_back() -> None:
    assert instant(earliest(TODAY + 0.123)) == TODAY + 0.123


async def test_partitions_are_made_ahead_and_taken(store: PostgresStore, db: asyncpg.Connection) -> None:
    assert await store.rotate(TODAY, CONTENT_S, RECORDS_S) == 3
    assert len(await parts(db, "contents")) == 3 + 1
    assert len(await parts(db, "events")) == 3 + 1
    assert await store.rotate(TODAY, CONTENT_S, RECORDS_S) == 0
    assert len(await parts(db, "contents")) == 3 + 1
    await ended(store, letter(1, at=TODAY), letter(2, at=TODAY + DAY_S), now=TODAY + DAY_S)
    names = [f"contents_{earliest(TODAY + n * DAY_S)[:13].replace('-', '')}" for n in range(2)]
    assert await where(db, "contents") == dict.fromkeys(names, 1)
    assert sum((await where(db, "events")).values()) == 4
    assert "events_rest" not in await where(db, "events")
    assert "attempts_rest" not in await where(db, "attempts")
    storage = "SELECT attstorage::text FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'content'"
    assert [await db.fetchval(storage, name) for name in (names[0], "contents_rest")] == ["e", "e"]


async def test_what_comes_when_no_partition_is_made_for_it_is_kept_all_the_same(
    store: PostgresStore, db: asyncpg.Connection
) -> None:
    await claimed(store, letter(1, at=TODAY), now=TODAY)
    assert await where(db, "contents") == {"contents_rest": 1}
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    assert await where(db, "contents") == {"contents_rest": 1}
    await store.add([letter(2, at=TODAY + DAY_S)])  # the first partition begins with the day after
    assert len(await where(db, "contents")) == 2


async def test_content_goes_with_its_partition_and_the_record_stays(
    store: PostgresStore, db: asyncpg.Connection
) -> None:
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    await ended(store, *letters(5, at=TODAY), now=TODAY)
    later = TODAY + DAY_S + CONTENT_S
    assert await store.rotate(later - 1, CONTENT_S, RECORDS_S) == 0
    assert await store.retire(later - CONTENT_S, later - RECORDS_S, 100) == 0
    assert sum((await where(db, "contents")).values()) == 5
    assert await store.rotate(later, CONTENT_S, RECORDS_S) == 1
    assert await where(db, "contents") == {}
    found = await store.content(letter(1, at=TODAY).id, None)
    assert found is not None
    assert found.message is None
    assert len(found.record.events) == 2


async def test_the_unfinished_are_kept_when_their_partition_goes(store: PostgresStore, db: asyncpg.Connection) -> None:
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    sending, _ = await begun(store, letter(1, at=TODAY), letter(2, at=TODAY), now=TODAY)
    await store.add([letter(3, at=TODAY, due_at=TODAY + 60 * DAY_S)])
    await ended(store, *letters(3, first=4, at=TODAY), now=TODAY)
    later = TODAY + 30 * DAY_S
    while await store.retire(later - CONTENT_S, later - RECORDS_S, 100):
        pass
    assert await store.rotate(later, CONTENT_S, RECORDS_S) > 3
    for table, count in (("contents", 3), ("attempts", 2), ("events", 3)):
        assert await where(db, table) == {f"{table}_rest": count}
    assert len(await ids(store)) == 3
    [claim] = await store.claim(wanted(TODAY + 60 * DAY_S))
    assert claim.job.id == letter(3, at=TODAY).id
    swept = {claim.job.id: claim for claim in await store.sweep(wanted(TODAY + 60 * DAY_S))}
    assert swept[sending.job.id].opened is not None
    assert swept[sending.job.id].message == sending.message


async def test_what_waits_for_a_verdict_after_a_restore_keeps_its_content(
    store: PostgresStore, db: asyncpg.Connection
) -> None:
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    await ended(store, letter(1, at=TODAY), letter(2, at=TODAY), now=TODAY)
    doubtful = letter(1, at=TODAY)
    await db.execute("INSERT INTO in_doubt VALUES ($1, 'example.com', 'queued', $2)", doubtful.id, TODAY)
    later = TODAY + DAY_S + CONTENT_S
    assert await store.rotate(later, CONTENT_S, RECORDS_S) == 1
    assert await store.retire(later, TODAY, 100) == 0
    assert await where(db, "contents") == {"contents_rest": 1}


async def test_history_stays_until_its_records_are_gone(store: PostgresStore, db: asyncpg.Connection) -> None:
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    await ended(store, *letters(5, at=TODAY), now=TODAY)
    later = TODAY + 30 * DAY_S
    await store.rotate(later, CONTENT_S, RECORDS_S)  # what is known of them is moved, and not dropped
    record = await store.find(letter(1, at=TODAY).id, None)
    assert record is not None
    assert (len(record.events), len(record.attempts)) == (2, 1)
    while await store.retire(later - CONTENT_S, later - RECORDS_S, 2):
        pass
    assert (await where(db, "events"), await where(db, "attempts"), await ids(store)) == ({}, {}, [])


async def test_where_too_much_is_kept_the_rest_goes_row_by_row(
    store: PostgresStore, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "MOVED_MOST", 2)
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    await ended(store, *letters(5, at=TODAY), now=TODAY)
    await store.add(letters(3, first=5, at=TODAY, due_at=TODAY + 60 * DAY_S))
    later = TODAY + DAY_S + CONTENT_S
    assert await store.rotate(later, CONTENT_S, RECORDS_S) == 0
    assert sum((await where(db, "contents")).values()) == 8
    assert await store.retire(later - CONTENT_S, later - RECORDS_S, 100) == 5
    assert len(await store.claim(wanted(TODAY + 60 * DAY_S))) == 3


async def test_a_retention_of_few_days_is_kept_to_the_row(store: PostgresStore, db: asyncpg.Connection) -> None:
    await store.rotate(TODAY, 2 * DAY_S, 6 * DAY_S)
    assert await parts(db, "contents") == ["contents_rest"]
    await ended(store, letter(1, at=TODAY), letter(2, at=TODAY + 1), now=TODAY + 1)
    assert await store.retire(TODAY + 1, TODAY, 100) == 1


async def test_many_that_rotate_at_once_do_it_once(url: str, store: PostgresStore, db: asyncpg.Connection) -> None:
    stores = [store, *[await PostgresStore.open(url) for _ in range(3)]]
    await asyncio.gather(*(one.rotate(TODAY, CONTENT_S, RECORDS_S) for one in stores))
    for one in stores:
        await one.rotate(TODAY, CONTENT_S, RECORDS_S)
    assert len(await parts(db, "contents")) == 3 + 1
    await ended(store, *letters(5, at=TODAY), now=TODAY)
    later = TODAY + DAY_S + CONTENT_S
    for one in stores:
        await one.rotate(later, CONTENT_S, RECORDS_S)
    assert await where(db, "contents") == {}
    await asyncio.gather(*(one.close() for one in stores[1:]))


async def test_what_another_process_has_dropped_since_it_was_looked_for_is_gone_and_no_fault(
    url: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await PostgresStore.open(url)
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    await other._partitions.look()
    later = TODAY + DAY_S + CONTENT_S
    assert await store.rotate(later, CONTENT_S, RECORDS_S) > 0

    async def has_looked() -> None:
        """It knows what there was."""

    monkeypatch.setattr(other._partitions, "look", has_looked)
    assert await other.rotate(later, CONTENT_S, RECORDS_S) == 0
    await other.close()


async def test_a_long_look_at_the_table_puts_it_off_and_stops_nobody(
    url: str, store: PostgresStore, db: asyncpg.Connection
) -> None:
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    await ended(store, letter(1, at=TODAY), now=TODAY)
    later = TODAY + DAY_S + CONTENT_S
    async with db.transaction():
        await db.execute("SELECT count(*) FROM contents")  # as a dump holds it
        rotating = asyncio.create_task(store.rotate(later, CONTENT_S, RECORDS_S))
        async with asyncio.timeout(8):
            for number in range(2, 12):
                await store.add([letter(number, at=later)])
        assert await rotating == 0
    assert await store.rotate(later, CONTENT_S, RECORDS_S) == 1


async def test_a_database_of_before_keeps_all_it_has(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = migrations("posthouse.store.postgres")
    number = next(n for n, sql in steps if BEFORE in sql)
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda package: steps[: number - 1])
        await migrate.migrate(Server(url, SystemClock(), 10.0))
    db = await asyncpg.connect(url)
    entry = letter(1, at=TODAY)
    await db.execute(
        "INSERT INTO messages (id, pool, status, lane, due_at, accepted_at, give_up_at, needs, size, recipients,"
        " summary) VALUES ($1, 'example.com', 'queued', 1, $2, $2, $3, 0, 10, 1, $4)",
        *(entry.id, TODAY, TODAY + DAY_S, '{"sender":"","recipients":["ann@example.org"],"subject":""}'),
    )
    await db.execute("INSERT INTO contents (id, content) VALUES ($1, $2)", entry.id, entry.content)
    await db.execute("INSERT INTO events (message, at, type) VALUES ($1, $2, 'accepted')", entry.id, TODAY)
    store = await PostgresStore.open(url)
    assert await where(db, "contents") == {"contents_before": 1}
    await store.rotate(TODAY, CONTENT_S, RECORDS_S)
    [claim] = await store.claim(wanted(TODAY))
    assert (claim.job.id, claim.message) == (entry.id, PLAIN)
    await store.add([letter(2, at=TODAY + 10 * DAY_S)])
    numbers = await db.fetch("SELECT seq FROM events ORDER BY message")
    assert numbers[0]["seq"] < numbers[1]["seq"]
    assert await status(store, entry) == "queued"
    await store.close()
    await db.close()
