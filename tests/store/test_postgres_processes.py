"""Several processes on one database: no message in two hands, and each hears of what the others commit."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from posthouse.store.postgres import connection
from posthouse.store.postgres.statement import ask
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.values import Receipt
from tests.store import database
from tests.store.letters import (
    DAY_S,
    NOW,
    OTHER_POOL,
    PLAIN,
    POOL,
    begun,
    claimed,
    delay,
    ended,
    ending,
    intent,
    leaving,
    letter,
    letters,
    renewal,
    result,
    suppression,
    told,
    wanted,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def stores() -> AsyncIterator[list[PostgresStore]]:
    """Two, as two processes would have them."""
    url = database.server().url()
    await database.empty(url)
    opened = [await PostgresStore.open(url) for _ in range(2)]
    yield opened
    await asyncio.gather(*(store.close() for store in opened))


@pytest.fixture
async def db(stores: list[PostgresStore]) -> AsyncIterator[asyncpg.Connection]:
    """A connection of nobody's to their database."""
    connection = await asyncpg.connect(database.server().url())
    yield connection
    await connection.close()


async def test_processes_that_claim_at_the_same_time_never_share_a_message_and_leave_none(
    stores: list[PostgresStore],
) -> None:
    for first in range(0, 2000, 500):
        await stores[0].add(letters(500, first=first))
    command = [sys.executable, "-m", "tests.store.claiming", database.server().url()]
    pipe = subprocess.PIPE
    claimers = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]  # noqa: ASYNC220  at once
    for claimer in claimers:
        assert claimer.stdout is not None
        assert await asyncio.to_thread(claimer.stdout.readline) == "ready\n"
    said = await asyncio.gather(*(asyncio.to_thread(claimer.communicate, "go\n", 60) for claimer in claimers))
    shares = [out.split() for out, _ in said]
    assert sorted(shares[0] + shares[1]) == [letter(number).id for number in range(2000)]
    assert min(map(len, shares)) > 0
    assert await stores[0].waiting(NOW + 1) == 0


async def test_claims_of_two_stores_at_the_same_time_are_disjoint(stores: list[PostgresStore]) -> None:
    await stores[0].add(letters(400))
    found = await asyncio.gather(*(stores[n % 2].claim(wanted(limit=10)) for n in range(40)))
    claimed = [claim.job.id for claims in found for claim in claims]
    assert len(claimed) == len(set(claimed))
    while claims := await stores[0].claim(wanted()):
        claimed += [claim.job.id for claim in claims]
    assert len(claimed) == len(set(claimed)) == 400


async def test_what_would_begin_here_waits_for_a_suppression_that_is_under_way_there(
    stores: list[PostgresStore], db: asyncpg.Connection
) -> None:
    here, there = stores
    async with db.transaction():
        await db.execute("LOCK TABLE suppressions IN SHARE MODE")  # it may be read, and not written
        listing = asyncio.create_task(there.suppress([suppression(PLAIN.to[0].email)]))
        await waits(db, "relation", listing)
        adding = here.add([leaving()])
        await waits(db, "advisory", adding)
    assert await listing == [True]
    assert await adding == [Receipt(leaving().id, "queued")]
    [claim] = await here.claim(wanted())
    assert claim.suppressed == (PLAIN.to[0].email,)


async def test_a_suppression_there_comes_after_what_has_looked_here_and_begins(
    stores: list[PostgresStore], db: asyncpg.Connection
) -> None:
    here, there = stores
    async with db.transaction():
        await db.execute("LOCK TABLE contents IN SHARE MODE")
        adding = here.add([leaving()])
        await waits(db, "relation", adding)
        listing = asyncio.create_task(there.suppress([suppression(PLAIN.to[0].email)]))
        await waits(db, "advisory", listing)
    assert await adding == [Receipt(leaving().id, "queued", begun=True)]
    assert await listing == [True]


async def test_what_begins_and_what_is_suppressed_at_the_same_time_never_stand_in_each_others_way(
    stores: list[PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = list[BaseException]()
    monkeypatch.setattr(connection, "_rival", failed.append)  # whoever gives way to another one would be asked again
    for first in range(0, 600, 60):
        adding = [stores[n % 2].add([leaving(n)]) for n in range(first, first + 60)]
        listing = [stores[n % 2].suppress([suppression(f"user{n}@example.org")]) for n in range(first, first + 20)]
        await asyncio.gather(*adding, *listing, return_exceptions=True)
    assert failed == []


async def test_nor_do_they_in_several_pools(
    stores: list[PostgresStore], db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = list[BaseException]()
    monkeypatch.setattr(connection, "_rival", failed.append)
    here, there = stores
    async with db.transaction():
        # Both have written down nothing yet, so that all of it is asked for at once.
        await db.execute("LOCK TABLE suppressions IN EXCLUSIVE MODE")
        asked: list[asyncio.Future[Any]] = []
        for store, listed, sent in ((here, POOL, OTHER_POOL), (there, OTHER_POOL, POOL)):
            asked += [asyncio.ensure_future(store.suppress([suppression("a@example.org", pool=listed)]))]
            asked += [store.add([leaving(len(asked), pool=sent)])]
            await waits(db, "relation", asked[-2])
    await asyncio.gather(*asked)
    assert failed == []


@pytest.mark.parametrize("added", [POOL, OTHER_POOL])
async def test_what_begins_by_two_ways_takes_the_lists_of_their_pools_in_one_order(
    stores: list[PostgresStore], db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, added: str
) -> None:
    failed = list[BaseException]()
    monkeypatch.setattr(connection, "_rival", failed.append)
    here, there = stores
    [other] = {POOL, OTHER_POOL} - {added}
    [claim] = await claimed(here, letter(pool=other))
    async with db.transaction():
        await db.execute("LOCK TABLE contents IN SHARE MODE")
        intending = asyncio.ensure_future(here.intend([intent(claim)]))
        adding = here.add([leaving(1, pool=added)])  # in the same transaction, and before it
        await waits(db, "relation", adding)
        listed = [suppression("a@example.org", pool=pool) for pool in (POOL, OTHER_POOL)]
        listing = asyncio.create_task(there.suppress(listed))
        await waits(db, "advisory", listing)
    await asyncio.gather(adding, intending, listing)
    assert failed == []


async def test_news_of_a_message_and_what_ends_it_never_stand_in_each_others_way(
    stores: list[PostgresStore], db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = list[BaseException]()
    monkeypatch.setattr(connection, "_rival", failed.append)
    here, _ = stores
    claims = await begun(here, *letters(3))
    async with db.transaction():
        await db.execute("SELECT 1 FROM messages WHERE id = $1 FOR UPDATE", letter(0).id)
        recording = here.record([result(claim) for claim in claims])
        await waits(db, "transactionid", recording)
        telling = asyncio.ensure_future(here.told([told(letter(2))]))
        renewing = asyncio.ensure_future(here.renew([renewal(claim, NOW + 600) for claim in claims]))
        await waits(db, "tuple", renewing)  # behind the other one
    await asyncio.gather(recording, telling, renewing)
    assert failed == []


@pytest.mark.parametrize("method", ["record", "finish", "postpone", "renew", "intend"])
async def test_what_is_under_a_lease_waits_for_whoever_takes_the_message_over_and_then_changes_nothing(
    stores: list[PostgresStore], db: asyncpg.Connection, method: str
) -> None:
    here, _ = stores
    [claim] = await begun(here, letter())
    asked: dict[str, Callable[[], asyncio.Future[list[bool]]]] = {
        "record": lambda: here.record([result(claim)]),
        "finish": lambda: asyncio.ensure_future(here.finish([ending(claim)])),
        "postpone": lambda: asyncio.ensure_future(here.postpone([delay(claim, NOW + 60)])),
        "renew": lambda: asyncio.ensure_future(here.renew([renewal(claim, NOW + 600)])),
        "intend": lambda: asyncio.ensure_future(here.intend([intent(claim)])),
    }
    async with db.transaction():
        await db.execute("UPDATE messages SET fence = fence + 1")
        asking = asked[method]()
        await waits(db, "transactionid", asking)
        left = await db.fetchrow("SELECT * FROM messages")
    assert await asking == [False]
    assert await db.fetchrow("SELECT * FROM messages") == left


async def test_content_whose_record_another_process_forgot_is_forgotten_as_well(
    stores: list[PostgresStore], db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = stores
    old, cut, reached = NOW + 30 * DAY_S, asyncio.Event(), asyncio.Event()

    async def cut_off(session: Any, query: str, *values: Any) -> Any:
        if query == "retire_records" and not reached.is_set():
            reached.set()
            await cut.wait()
            raise ConnectionResetError  # what it has done to the contents is undone
        return await ask(session, query, *values)

    await ended(here, *letters(4))
    monkeypatch.setattr("posthouse.store.postgres.reading.ask", cut_off)
    retiring = asyncio.create_task(here.retire(old, old, 2))
    await reached.wait()
    assert await there.retire(old, old, 2) == 2 + 2  # the contents of the others, and the records of these
    cut.set()
    await retiring
    while await here.retire(old, old, 2):
        pass
    assert await db.fetchval("SELECT count(*) FROM contents") == 0


async def test_what_one_process_takes_in_wakes_the_other(stores: list[PostgresStore]) -> None:
    here, there = stores
    await heard(there)
    waiting = asyncio.create_task(there._due.wait())
    await here.add([letter()])
    async with asyncio.timeout(10):
        await waiting


async def test_the_end_of_a_message_is_heard_by_whoever_waits_elsewhere(stores: list[PostgresStore]) -> None:
    here, there = stores
    [claim] = await begun(here, letter())
    there._poll_s = 60.0  # so that only being told ends the waiting
    waiting = asyncio.create_task(there.settled(claim.job.id, 60))
    await heard(there)
    assert not waiting.done()
    await here.record([result(claim)])
    async with asyncio.timeout(10):
        await waiting


async def test_without_being_told_whoever_waits_looks_for_himself(stores: list[PostgresStore]) -> None:
    here, there = stores
    assert there._herald is not None
    await there._herald.close()
    there._poll_s = 0.05
    [claim] = await begun(here, letter())
    waiting = asyncio.create_task(there.settled(claim.job.id, 60))
    await here.record([result(claim)])
    async with asyncio.timeout(10):
        await waiting


async def waits(db: asyncpg.Connection, kind: str, asked: asyncio.Future[Any]) -> None:
    """Return when one waits for a lock of that kind, as what was asked must."""
    async with asyncio.timeout(10):
        while not await db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = $1", kind):
            assert not asked.done()


async def heard(store: PostgresStore) -> None:
    """Return when it listens: it says that something may be due then."""
    async with asyncio.timeout(10):
        await store._due.wait()
    store._due.clear()
    await asyncio.gather(*(store.waiting(NOW) for _ in range(4)))
