"""Behind a real PgBouncer that gives each transaction another connection: it works, or says at start why not."""

import asyncio
import logging

import pytest

from posthouse.store.contract import StoreRefused
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.values import Query
from tests.store import database
from tests.store.letters import NOW, POOL, claimed, ending, intent, letter, letters, result, status, suppression, wanted
from tests.store.pooler import MISSING, pooling

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

STORES = 4


async def test_several_stores_share_few_connections_and_no_message_is_lost_or_shared() -> None:
    direct = await database.server().create("pooled")
    with pooling(database.server(), connections=2) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/pooled?pgbouncer=true"
        stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(STORES)))
        await asyncio.gather(*(stores[n % STORES].add(letters(50, first=50 * n)) for n in range(8)))

        async def carry(store: PostgresStore) -> int:
            count = 0
            while claims := await store.claim(wanted(limit=20)):
                assert all(await store.intend([intent(claim) for claim in claims]))
                assert all(await store.record([result(claim) for claim in claims]))
                count += len(claims)
            return count

        assert sum(await asyncio.gather(*map(carry, stores))) == 400
        for store in stores:
            assert await store.waiting(NOW) == 0.0
            await store.close()
    db = await PostgresStore.open(direct)
    assert {record.status for record in await db.page(Query(limit=1000))} == {"sent"}
    await db.close()


async def test_who_waits_there_is_told_by_asking_and_suppressions_bind(caplog: pytest.LogCaptureFixture) -> None:
    await database.server().create("pooled")
    with pooling(database.server()) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/pooled?pgbouncer=true"
        with caplog.at_level(logging.INFO):
            here, there = await PostgresStore.open(url), await PostgresStore.open(url)
        assert "by asking" in caplog.text
        claims = await claimed(there, letter(1), letter(2))
        waiting = asyncio.create_task(here.settled(letter(1).id, 20.0))
        await here.suppress([suppression("ann@example.org", pool=POOL)])
        assert await there.finish([ending(claims[0])]) == [True]
        await waiting
        assert await status(here, letter(1)) == "failed"
        assert await there.intend([intent(claims[1])]) == [False]
        [again] = await there.claim(wanted())
        assert again.suppressed == ("ann@example.org",)
        await asyncio.gather(here.close(), there.close())


async def test_without_a_word_of_it_in_the_url_it_is_refused_and_says_what_to_write() -> None:
    await database.server().create("pooled")
    with pooling(database.server()) as port:
        with pytest.raises(StoreRefused) as refused:
            await PostgresStore.open(f"postgresql://postgres@127.0.0.1:{port}/pooled")
        assert "pgbouncer=true" in str(refused.value)
