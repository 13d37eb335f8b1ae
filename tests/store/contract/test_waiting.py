"""How long the oldest message has been waiting that is due and in nobody's hands."""

from posthouse.store.contract import Store
from posthouse.store.values import Renewal
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    begun,
    claimed,
    deferred,
    delay,
    letter,
    letters,
    taken_back,
    wanted,
)


async def test_nobody_waits_in_an_empty_store(store: Store) -> None:
    assert await store.waiting(NOW) == 0


async def test_it_is_the_age_of_the_oldest_that_is_due(store: Store) -> None:
    await store.add([letter(1, due_at=NOW + 3), letter(2, due_at=NOW + 1), letter(3, due_at=NOW + 2)])
    assert await store.waiting(NOW + 10) == 9


async def test_all_lanes_and_all_pools_count(store: Store) -> None:
    lanes = (0, 1, 2)
    for lane in lanes:
        await store.add([letter(lane, due_at=NOW + 10 - lane, lane=lane, pool=OTHER_POOL)])
        assert await store.waiting(NOW + 100) == 90 + lane


async def test_what_is_not_due_yet_does_not_wait(store: Store) -> None:
    await store.add([letter(due_at=NOW + 60)])
    assert await store.waiting(NOW) == 0
    assert await store.waiting(NOW + 60) == 0
    assert await store.waiting(NOW + 61) == 1


async def test_what_somebody_holds_does_not_wait(store: Store) -> None:
    claims = await claimed(store, letter(1), letter(2))
    await store.renew([Renewal(claim.job.id, claim.fence, claim.leased_until) for claim in claims])  # it is committed
    assert await store.waiting(NOW + 100) == 0
    await store.sweep(wanted(NOW + LEASE_S))
    assert await store.waiting(NOW + 100) == 0


async def test_what_is_over_does_not_wait(store: Store) -> None:
    await store.add(letters(2))
    await store.cancel([taken_back(entry) for entry in letters(2)])
    assert await store.waiting(NOW + 100) == 0


async def test_what_was_given_back_waits_from_its_new_time(store: Store) -> None:
    given_back, tried = await begun(store, letter(1)) + await claimed(store, letter(2))
    await store.record([deferred(given_back, NOW + 50)])
    assert await store.waiting(NOW + 100) == 50
    await store.postpone([delay(tried, NOW + 30)])
    assert await store.waiting(NOW + 100) == 70
