"""The database goes away, and comes back: calls say so meanwhile, work again by themselves, and lose nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import asyncpg
import pytest

from posthouse.clock import SystemClock
from posthouse.mail.event import Status
from posthouse.store.contract import StoreDown
from posthouse.store.postgres import connection, work
from posthouse.store.postgres.connection import ROUNDS, Line, Session
from posthouse.store.postgres.server import Server
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.values import Claim, Receipt, Renewal
from tests.store import database
from tests.store.letters import LEASE_S, NOW, begun, claimed, delay, intent, key, letter, letters, result, wanted

KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'posthouse'"
PIDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'posthouse'"


@pytest.fixture
def server() -> database.Server:
    return database.server()


@pytest.fixture
async def store(server: database.Server) -> AsyncIterator[PostgresStore]:
    await database.empty(server.url())
    opened = await PostgresStore.open(server.url())
    yield opened
    await opened.close()


async def test_who_stands_in_the_way_of_others_again_and_again_is_told_to_come_again(server: database.Server) -> None:
    opened = Server(server.url(), SystemClock(), 10.0)
    tries = 0

    async def rivals(session: Session) -> None:
        nonlocal tries
        tries += 1
        raise asyncpg.DeadlockDetectedError("deadlock detected")

    written = Line(opened)
    with pytest.raises(StoreDown, match="in the way of others"):
        await written.write(rivals)
    await written.close()
    assert tries == ROUNDS


async def test_a_renewal_and_a_commit_of_several_kinds_do_not_wait_for_each_other(
    server: database.Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[BaseException] = []
    monkeypatch.setattr(connection, "_rival", seen.append)
    first, second = await claimed(store, letter(1), letter(2))
    assert await store.intend([intent(second)]) == [True]
    rival = await asyncpg.connect(server.url())
    async with rival.transaction():
        await rival.execute("SELECT FROM messages WHERE id = $1 FOR UPDATE", first.job.id)
        renewal = asyncio.create_task(store.renew([Renewal(c.job.id, c.fence, NOW + 1) for c in (first, second)]))
        await waiting(rival, 1)
        told = [store._writer.submit(work.record, [result(second)]), store._writer.submit(work.intend, [intent(first)])]
        await waiting(rival, 2)
    assert (await renewal)[0]
    assert [await each for each in told] == [[True], [True]]
    assert seen == []
    await rival.close()


async def waiting(db: asyncpg.Connection, count: int) -> None:
    """Until so many wait for a lock."""
    while await db.fetchval("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted") < count:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def test_while_it_is_down_every_call_says_so_and_afterwards_all_work_again(
    server: database.Server, store: PostgresStore
) -> None:
    [claim] = await claimed(store, letter(1))
    with server.stopped():
        calls = [
            store.add([letter(2)]),
            store.claim(wanted()),
            store.intend([intent(claim)]),
            store.postpone([delay(claim, NOW)]),
            store.find(letter(1).id, None),
            store.waiting(NOW),
            store.settled(letter(1).id, 5),
            store.switches(),
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(answer, StoreDown) and not answer.fatal for answer in answers), answers
    assert await store.add([letter(2)]) == [Receipt(letter(2).id, "queued")]
    assert await store.intend([intent(claim)]) == [True]
    assert await store.record([result(claim)]) == [True]
    assert len(await store.claim(wanted())) == 1
    assert not store.failed.is_set()


@pytest.mark.parametrize("how", ["fast", "immediate"])
async def test_what_was_acknowledged_before_a_restart_is_there(
    server: database.Server, store: PostgresStore, how: str
) -> None:
    acknowledged: list[str] = []
    stop = asyncio.Event()

    async def send(lane: int) -> None:
        number = lane * 10_000
        while not stop.is_set():
            number += 1
            try:
                [receipt] = await store.add([letter(number)])
            except StoreDown:
                await asyncio.sleep(0.01)
            else:
                assert isinstance(receipt, Receipt)
                acknowledged.append(receipt.id)

    sending = [asyncio.create_task(send(lane)) for lane in range(8)]
    await reached(acknowledged, 200)

    def restart() -> None:
        with server.stopped(how):
            pass

    await asyncio.to_thread(restart)
    before = len(acknowledged)
    await reached(acknowledged, before + 100)
    stop.set()
    await asyncio.gather(*sending)
    found = await everything(server)
    assert found >= set(acknowledged)


async def reached(acknowledged: list[str], count: int) -> None:
    while len(acknowledged) < count:  # noqa: ASYNC110  each sender adds to it, none knows of the count
        await asyncio.sleep(0.01)


async def everything(server: database.Server) -> set[str]:
    connection = await asyncpg.connect(server.url())
    rows = await connection.fetch("SELECT id FROM messages JOIN contents USING (id)")
    await connection.close()
    return {row[0] for row in rows}


async def test_connections_killed_under_load_lose_nothing_that_was_acknowledged(
    server: database.Server, store: PostgresStore
) -> None:
    """From added to sent, with every connection killed again and again; whoever is told `down` asks again."""
    killer = await asyncpg.connect(server.url())
    sent: set[str] = set()

    async def through(number: int) -> None:
        entry = letter(number, once=key(f"key {number}"))
        while True:
            try:
                [receipt] = await store.add([entry])
                break
            except StoreDown:
                continue
        assert isinstance(receipt, Receipt)
        assert receipt.id == entry.id

    adding = [asyncio.create_task(through(number)) for number in range(300)]
    for _ in range(5):
        await killer.execute(KILL)
        await asyncio.sleep(0.02)
    await asyncio.gather(*adding)
    while len(sent) < 300:
        try:
            claims = [*await store.claim(wanted(limit=100)), *await store.sweep(wanted(NOW + 10 * LEASE_S))]
        except StoreDown:
            continue
        carrying = [asyncio.create_task(carried(store, claim)) for claim in claims]
        await killer.execute(KILL)
        done = await asyncio.gather(*carrying)
        sent |= {claim.job.id for claim, well in zip(claims, done, strict=True) if well}
    await killer.close()
    assert sent == {letter(number).id for number in range(300)}


async def carried(store: PostgresStore, claim: Claim) -> bool:
    while True:
        try:
            if claim.opened is None and not (await store.intend([intent(claim)]))[0]:
                return False
            break
        except StoreDown:
            continue
    number = None if claim.opened is None else claim.opened.number
    while True:
        try:
            return (await store.record([result(claim, number=number)]))[0]
        except StoreDown:
            continue


async def test_a_database_that_hangs_is_given_up_after_the_deadline(server: database.Server) -> None:
    await database.empty(server.url())
    store = await PostgresStore.open(server.url(), deadline_s=0.5)
    await store.add([letter(1)])
    asking = await asyncpg.connect(server.url())
    pids = [row[0] for row in await asking.fetch(PIDS)]
    await asking.close()
    for pid in (server.pid, *pids):
        os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(10):
            for call in (store.add([letter(2)]), store.find(letter(1).id, None), store.claim(wanted())):
                with pytest.raises(StoreDown):
                    await call
    finally:
        for pid in (*pids, server.pid):
            os.kill(pid, signal.SIGCONT)
    async with asyncio.timeout(20):
        while True:
            try:
                await store.add([letter(3)])
                break
            except StoreDown:
                continue
    await store.close()


async def test_the_same_result_again_is_answered_as_it_was_and_written_once(store: PostgresStore) -> None:
    """As it is asked again by whoever lost the answer."""
    [claim] = await begun(store, letter())
    assert await store.record([result(claim, detail="250 OK")]) == [True]
    before = await store.find(claim.job.id, None)
    assert await store.record([result(claim, detail="250 OK")]) == [True]
    assert await store.find(claim.job.id, None) == before


async def test_the_same_intent_again_begins_one_attempt(store: PostgresStore) -> None:
    [claim] = await claimed(store, letter())
    assert await store.intend([intent(claim)]) == [True]
    assert await store.intend([intent(claim)]) == [True]
    record = await store.find(claim.job.id, None)
    assert record is not None
    status: Status = "sending"
    assert (record.status, len(record.attempts)) == (status, 1)


async def test_many_wait_for_their_turn_and_each_gets_an_answer(store: PostgresStore) -> None:
    answers = await asyncio.gather(*(store.add([entry]) for entry in letters(500)))
    assert [receipt.id for [receipt] in answers] == [entry.id for entry in letters(500)]


async def test_a_process_that_takes_no_answer_keeps_nothing_locked(server: database.Server) -> None:
    """It stands still in the middle of reading: the server's process waits to be read, and holds what it has locked."""
    url = await server.create("unread")
    slow, looking = Server(url, SystemClock(), 2.0), await asyncpg.connect(url)
    await looking.execute(
        "CREATE TABLE letters AS SELECT n, repeat('x', 100000) AS text FROM generate_series(1, 200) n"
    )
    standing = await slow.connect()
    standing._transport.pause_reading()
    asked = asyncio.create_task(standing.execute("BEGIN; UPDATE letters SET n = n + 0 WHERE n = 1; TABLE letters"))
    try:
        unlocked = "SELECT n FROM letters WHERE n = 1 FOR UPDATE SKIP LOCKED"
        while await looking.fetchval(unlocked):
            pass  # it has not begun
        async with asyncio.timeout(20):
            while not await looking.fetchval(unlocked):
                pass
    finally:
        standing.terminate()
        asked.cancel()
        await looking.close()


async def test_a_process_that_stands_still_before_it_runs_what_it_has_prepared_keeps_nothing_locked_for_long(
    server: database.Server,
) -> None:
    """No timeout of PostgreSQL ends that one's transaction: the next process that sweeps does."""
    url = await server.create("prepared")
    store = await PostgresStore.open(url, deadline_s=1.0)
    standing = await Server(url, SystemClock(), 1.0).connect()
    try:
        [claim] = await claimed(store, letter(1))
        await standing.execute(f"BEGIN; SELECT FROM messages WHERE id = '{claim.job.id}' FOR UPDATE")
        await standing.prepare("SELECT 1 FROM messages")  # and no more: it waits for the rest
        late = wanted(now=NOW + LEASE_S + 1)
        assert await store.sweep(late) == []  # it may be about to go on
        async with asyncio.timeout(20):
            while not (swept := await store.sweep(late)):
                pass
        assert [one.job.id for one in swept] == [claim.job.id]
    finally:
        standing.terminate()
        await store.close()
