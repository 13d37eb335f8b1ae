"""Sweeping: what leases ran out on is claimed afresh, with the attempt that was left open."""

import asyncio

from posthouse.store.contract import Store
from posthouse.store.values import Opened
from tests.store.letters import (
    LEASE_S,
    NOW,
    begun,
    claimed,
    deferred,
    delay,
    intent,
    letter,
    letters,
    renewal,
    result,
    status,
    taken_back,
    wanted,
)


async def test_a_lease_that_runs_is_not_swept(store: Store) -> None:
    await claimed(store, letter())
    assert await store.sweep(wanted(NOW + LEASE_S - 0.001)) == []


async def test_what_is_queued_scheduled_or_over_is_not_swept(store: Store) -> None:
    [sent] = await begun(store, letter(1))
    await store.record([result(sent)])
    [cancelled] = await claimed(store, letter(2))
    await store.cancel([taken_back(letter(2))])
    assert await status(store, cancelled) == "cancelled"
    await store.add([letter(3), letter(4, due_at=NOW + 5)])
    assert await store.sweep(wanted(NOW + 10 * LEASE_S)) == []


async def test_only_what_ran_out_is_swept_the_oldest_first(store: Store) -> None:
    claims = await claimed(store, *letters(4))
    ends = [30, 10, 40, 20]
    await store.renew([renewal(claim, NOW + end) for claim, end in zip(claims, ends, strict=True)])
    swept = await store.sweep(wanted(NOW + 30))
    assert [claim.job.id for claim in swept] == [claims[n].job.id for n in (1, 3, 0)]


async def test_what_was_swept_is_leased_anew_and_swept_once(store: Store) -> None:
    [claim] = await claimed(store, letter())
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert swept.leased_until == NOW + 2 * LEASE_S
    assert swept.fence > claim.fence
    assert swept.message == claim.message
    assert await store.sweep(wanted(NOW + LEASE_S)) == []


async def test_50_sweepers_never_share_a_message(store: Store) -> None:
    await claimed(store, *letters(200))
    found = await asyncio.gather(*(store.sweep(wanted(NOW + LEASE_S, limit=5)) for _ in range(50)))
    swept = [claim.job.id for claims in found for claim in claims]
    assert len(swept) == len(set(swept)) == 200


async def test_what_never_began_is_swept_without_an_open_attempt(store: Store) -> None:
    await claimed(store, letter())
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert (swept.opened, swept.attempts) == (None, 0)


async def test_what_had_begun_is_swept_with_its_open_attempt(store: Store) -> None:
    [claim] = await claimed(store, letter())
    await store.intend([intent(claim, "second", NOW + 7)])
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert swept.opened == Opened(1, "second", NOW + 7)
    assert swept.attempts == 1


async def test_an_attempt_that_ended_is_not_open(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW)])
    [claim] = await store.claim(wanted())
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert (swept.opened, swept.attempts) == (None, 1)


async def test_the_last_of_several_attempts_is_the_open_one(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW)])
    [claim] = await store.claim(wanted())
    await store.intend([intent(claim, "second", NOW + 1)])
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert swept.opened == Opened(2, "second", NOW + 1)


async def test_an_open_attempt_is_closed_by_whoever_swept_it(store: Store) -> None:
    [claim] = await begun(store, letter())
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    closing = deferred(swept, NOW + LEASE_S, number=swept.attempts, at=NOW + LEASE_S)
    assert await store.record([closing]) == [True]
    [again] = await store.claim(wanted(NOW + LEASE_S))
    assert (again.attempts, again.opened) == (1, None)
    assert await store.intend([intent(again)]) == [True]
    record = await store.find(claim.job.id, None)
    assert record is not None
    assert [(attempt.number, attempt.outcome) for attempt in record.attempts] == [(1, "deferred"), (2, None)]


async def test_what_was_swept_untouched_goes_back_to_the_queue(store: Store) -> None:
    await claimed(store, letter())
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert await store.postpone([delay(swept, NOW + LEASE_S)]) == [True]
    assert len(await store.claim(wanted(NOW + LEASE_S))) == 1


async def test_what_had_begun_cannot_be_cancelled_while_it_is_swept(store: Store) -> None:
    await begun(store, letter())
    await store.sweep(wanted(NOW + LEASE_S))
    assert await store.cancel([taken_back(letter())]) == ["sending"]


async def test_a_sweep_keeps_to_its_limit_and_its_room(store: Store) -> None:
    await claimed(store, *letters(6))
    size = len(letter().content)
    assert len(await store.sweep(wanted(NOW + LEASE_S, limit=2))) == 2
    assert len(await store.sweep(wanted(NOW + LEASE_S, max_bytes=3 * size))) == 3
    assert len(await store.sweep(wanted(NOW + LEASE_S, max_bytes=1))) == 1
