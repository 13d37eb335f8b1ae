"""Renewing: a lease lasts longer, for its holder alone."""

from posthouse.store.contract import Store
from tests.store.letters import (
    LEASE_S,
    NOW,
    begun,
    claimed,
    delay,
    intent,
    letter,
    letters,
    renewal,
    result,
    taken_back,
    wanted,
)


async def test_a_renewed_lease_is_not_swept_before_its_new_end(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.renew([renewal(claim, NOW + 200)]) == [True]
    assert await store.sweep(wanted(NOW + 199.999)) == []
    assert len(await store.sweep(wanted(NOW + 200))) == 1


async def test_a_renewed_lease_is_held_by_the_same_fence(store: Store) -> None:
    [claim] = await claimed(store, letter())
    await store.renew([renewal(claim, NOW + 200)])
    assert await store.intend([intent(claim)]) == [True]


async def test_a_lease_that_ran_out_and_was_not_taken_over_can_be_renewed(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.renew([renewal(claim, NOW + 10 * LEASE_S)]) == [True]
    assert await store.sweep(wanted(NOW + LEASE_S)) == []


async def test_a_lease_that_was_lost_is_not_renewed(store: Store) -> None:
    swept, given_back, sent, cancelled = await begun(store, letter(1)) + await claimed(store, *letters(3, first=2))
    await store.sweep(wanted(NOW + LEASE_S, limit=1))
    await store.postpone([delay(given_back, NOW)])
    await store.intend([intent(sent)])
    await store.record([result(sent)])
    await store.cancel([taken_back(letter(4))])
    claims = (swept, given_back, sent, cancelled)
    assert await store.renew([renewal(claim, NOW + 500) for claim in claims]) == [False] * 4
    assert [claim.job.id for claim in await store.claim(wanted())] == [given_back.job.id]


async def test_the_holder_can_renew_beside_one_who_lost_it(store: Store) -> None:
    [stale] = await claimed(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    assert await store.renew([renewal(stale, NOW + 900), renewal(holder, NOW + 300)]) == [False, True]
    assert len(await store.sweep(wanted(NOW + 300))) == 1


async def test_a_lease_may_be_renewed_twice_in_one_batch(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.renew([renewal(claim, NOW + 300), renewal(claim, NOW + 400)]) == [True, True]
    assert await store.sweep(wanted(NOW + 399)) == []


async def test_no_renewals_get_no_answers(store: Store) -> None:
    assert await store.renew([]) == []
