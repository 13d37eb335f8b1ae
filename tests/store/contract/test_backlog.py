"""How many messages are unfinished, by pool and status, and how long each lane waits."""

from posthouse.store.contract import Store
from tests.store.letters import (
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    claimed,
    deferred,
    ended,
    letter,
    letters,
    result,
    taken_back,
)

NOBODY_WAITS = {0: 0.0, 1: 0.0, 2: 0.0}


async def test_an_empty_store_has_no_backlog(store: Store) -> None:
    found = await store.backlog(NOW)
    assert (found.unfinished, found.oldest_s) == ({}, NOBODY_WAITS)


async def test_what_is_unfinished_is_counted_by_pool_and_status(store: Store) -> None:
    await begun(store, letter(1), letter(2))
    await claimed(store, letter(3))
    await store.add([letter(4, due_at=NOW + 60), *letters(2, first=5), letter(7, pool=OTHER_POOL)])
    found = await store.backlog(NOW)
    assert found.unfinished == {
        (POOL, "sending"): 2,
        (POOL, "queued"): 3,
        (POOL, "scheduled"): 1,
        (OTHER_POOL, "queued"): 1,
    }


async def test_what_is_over_is_not_counted(store: Store) -> None:
    await ended(store, letter(1))
    held, failed = await begun(store, letter(2), letter(3))
    await store.record([result(held, "unsure", "held"), result(failed, "refused", "failed")])
    await store.add([letter(4)])
    await store.cancel([taken_back(letter(4))])
    found = await store.backlog(NOW + 100)
    assert (found.unfinished, found.oldest_s) == ({}, NOBODY_WAITS)


async def test_what_is_tried_again_later_is_counted_as_queued(store: Store) -> None:
    (claim,) = await begun(store, letter(1))
    await store.record([deferred(claim, NOW + 50)])
    assert (await store.backlog(NOW)).unfinished == {(POOL, "queued"): 1}


async def test_each_lane_waits_as_long_as_the_oldest_of_its_pools(store: Store) -> None:
    await store.add([letter(1, due_at=NOW + 3, lane=0), letter(2, due_at=NOW + 1, lane=0, pool=OTHER_POOL)])
    await store.add([letter(3, due_at=NOW + 90, lane=2)])
    assert (await store.backlog(NOW + 10)).oldest_s == {0: 9.0, 1: 0.0, 2: 0.0}


async def test_what_somebody_holds_does_not_wait(store: Store) -> None:
    await begun(store, letter(1))
    assert (await store.backlog(NOW + 100)).oldest_s == NOBODY_WAITS
