"""Several processes on one database: no message in two hands, and each hears of what the others commit."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from posthouse.store.postgres.store import PostgresStore
from tests.store import database
from tests.store.letters import NOW, begun, letter, letters, result, wanted

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def stores() -> AsyncIterator[list[PostgresStore]]:
    """Two, as two processes would have them."""
    url = database.server().url()
    await database.empty(url)
    opened = [await PostgresStore.open(url) for _ in range(2)]
    yield opened
    await asyncio.gather(*(store.close() for store in opened))


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


async def heard(store: PostgresStore) -> None:
    """Return when it listens: it says that something may be due then."""
    async with asyncio.timeout(10):
        await store._due.wait()
    store._due.clear()
    await asyncio.gather(*(store.waiting(NOW) for _ in range(4)))
