"""What waits beyond its end is handed out, whoever has room: somebody has to say that it is over."""

import asyncio

from posthouse.store.contract import Store
from tests.store.letters import (
    DAY_S,
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    claimed,
    deferred,
    ended,
    ending,
    intent,
    letter,
    letters,
    status,
    taken_back,
    wanted,
)


async def test_what_has_not_ended_is_not_handed_out(store: Store) -> None:
    await store.add([letter(1), letter(2, expires_at=NOW + 60)])
    assert await store.overdue(wanted(NOW + 59.999)) == []


async def test_what_has_expired_is_handed_out(store: Store) -> None:
    entry = letter(expires_at=NOW + 60)
    await store.add([entry])
    [claim] = await store.overdue(wanted(NOW + 60))
    assert (claim.job.id, claim.job.expires_at, claim.leased_until) == (entry.id, NOW + 60, NOW + 60 + LEASE_S)


async def test_what_is_to_be_given_up_is_handed_out(store: Store) -> None:
    await store.add([letter()])
    assert await store.overdue(wanted(NOW + DAY_S - 0.001)) == []
    assert len(await store.overdue(wanted(NOW + DAY_S))) == 1


async def test_the_earlier_of_the_two_ends_counts(store: Store) -> None:
    await store.add([letter(expires_at=NOW + 2 * DAY_S)])
    assert len(await store.overdue(wanted(NOW + DAY_S))) == 1


async def test_a_full_pool_is_not_passed_over(store: Store) -> None:
    entries = [letter(1, expires_at=NOW + 1), letter(2, pool=OTHER_POOL, expires_at=NOW + 1)]
    await store.add(entries)
    claims = await store.overdue(wanted(NOW + 1, full=[POOL, OTHER_POOL]))
    assert {claim.job.id for claim in claims} == {entry.id for entry in entries}


async def test_what_is_not_due_yet_and_will_not_live_to_be_is_handed_out(store: Store) -> None:
    [tried] = await claimed(store, letter(expires_at=NOW + 60))
    await store.intend([intent(tried)])
    await store.record([deferred(tried, NOW + 3600)])
    [claim] = await store.overdue(wanted(NOW + 60))
    assert (claim.attempts, claim.opened) == (1, None)


async def test_what_somebody_holds_and_what_is_over_is_not_handed_out(store: Store) -> None:
    await claimed(store, letter(1, expires_at=NOW + 1))
    await ended(store, letter(2, expires_at=NOW + 1))
    await store.add([letter(3, expires_at=NOW + 1)])
    await store.cancel([taken_back(letter(3))])
    assert await store.overdue(wanted(NOW + DAY_S)) == []


async def test_what_was_handed_out_is_finished_by_its_holder(store: Store) -> None:
    entry = letter(expires_at=NOW + 1)
    await store.add([entry])
    [claim] = await store.overdue(wanted(NOW + 1))
    assert await store.claim(wanted(NOW + 1)) == []
    assert await store.finish([ending(claim, "expired")]) == [True]
    assert await status(store, entry) == "expired"


async def test_claimers_and_those_who_end_never_share_a_message(store: Store) -> None:
    await store.add([letter(number, expires_at=NOW + 1) for number in range(100)])
    calls = [
        call
        for _ in range(20)
        for call in (store.claim(wanted(NOW + 1, limit=3)), store.overdue(wanted(NOW + 1, limit=3)))
    ]
    ids = [claim.job.id for claims in await asyncio.gather(*calls) for claim in claims]
    assert len(ids) == len(set(ids)) == 100


async def test_no_more_than_the_limit_and_the_room_is_handed_out(store: Store) -> None:
    await store.add(letters(6, expires_at=NOW + 1))
    size = len(letter().content)
    assert len(await store.overdue(wanted(NOW + 1, limit=2))) == 2
    assert len(await store.overdue(wanted(NOW + 1, max_bytes=3 * size))) == 3
    assert len(await store.overdue(wanted(NOW + 1, max_bytes=1))) == 1
