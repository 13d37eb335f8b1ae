"""Intending: an attempt is on disk before its first byte leaves, and only its holder may begin one."""

import asyncio

from posthouse.store.contract import Store
from posthouse.store.values import AttemptRecord, Query
from tests.store.conftest import Dialect
from tests.store.letters import (
    LEASE_S,
    NOW,
    POOL,
    begun,
    claimed,
    deferred,
    delay,
    intent,
    letter,
    letters,
    result,
    status,
    taken_back,
    wanted,
)


async def test_an_attempt_that_began_is_written_with_its_outcome_empty(store: Store) -> None:
    [claim] = await begun(store, letter(), provider="second")
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert (record.status, record.provider, record.due_at) == ("sending", "second", None)
    assert record.attempts == (AttemptRecord(1, "second", NOW, None, None, None, None, None),)


async def test_an_attempt_that_began_adds_no_event(store: Store) -> None:
    [claim] = await begun(store, letter())
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert [event.type for event in record.events] == ["accepted"]


async def test_an_attempt_that_began_is_there_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    [claim] = await begun(store, letter())
    await store.close()
    store = await dialect.open()
    record = await store.find(claim.job.id, POOL)
    await store.close()
    assert record is not None
    assert (record.status, len(record.attempts)) == ("sending", 1)


async def test_many_attempts_begin_in_the_order_of_the_items(store: Store) -> None:
    claims = await claimed(store, *letters(5))
    await store.postpone([delay(claims[1], NOW), delay(claims[3], NOW)])
    assert await store.intend([intent(claim) for claim in claims]) == [True, False, True, False, True]


async def test_a_stale_fence_begins_nothing(store: Store) -> None:
    [stale] = await claimed(store, letter())
    await store.postpone([delay(stale, NOW)])
    [holder] = await store.claim(wanted())
    assert await store.intend([intent(stale)]) == [False]
    record = await store.find(holder.job.id, POOL)
    assert record is not None
    assert (record.status, record.provider, record.attempts) == ("queued", None, ())
    assert await store.intend([intent(holder)]) == [True]


async def test_of_a_stale_and_a_fresh_holder_at_the_same_time_only_the_fresh_one_begins(store: Store) -> None:
    [stale] = await claimed(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    for pair in ((stale, holder), (holder, stale)):
        answers = await store.intend([intent(claim, f"fence {claim.fence}") for claim in pair])
        assert answers == [claim is holder for claim in pair]
        await store.record([deferred(holder, NOW)])
        stale, [holder] = holder, await store.claim(wanted())


async def test_nothing_begins_after_the_message_was_cancelled(store: Store) -> None:
    entry = letter()
    [claim] = await claimed(store, entry)
    assert await store.cancel([taken_back(entry)]) == ["cancelled"]
    assert await store.intend([intent(claim)]) == [False]
    record = await store.find(entry.id, POOL)
    assert record is not None
    assert (record.status, record.attempts) == ("cancelled", ())


async def test_cancelling_and_beginning_at_the_same_time_have_one_winner(store: Store) -> None:
    entries = letters(40)
    claims = await claimed(store, *entries)
    calls = [
        call
        for n, (entry, claim) in enumerate(zip(entries, claims, strict=True))
        for call in (store.cancel([taken_back(entry)]), store.intend([intent(claim)]))[:: 1 if n % 2 else -1]
    ]
    await asyncio.gather(*calls)
    for entry in entries:
        record = await store.find(entry.id, POOL)
        assert record is not None
        assert (record.status, len(record.attempts)) in {("cancelled", 0), ("sending", 1)}


async def test_nothing_begins_on_what_is_over(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([result(claim)])
    assert await store.intend([intent(claim)]) == [False]
    assert await status(store, claim) == "sent"


async def test_nothing_begins_on_what_is_not_there(store: Store) -> None:
    [claim] = await claimed(store, letter())
    await store.record([result(claim)])
    await store.retire(NOW + 1, NOW + 1, 10)
    assert await store.intend([intent(claim)]) == [False]


async def test_a_lease_that_ran_out_and_was_not_taken_over_still_holds(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.intend([intent(claim, at=NOW + 10 * LEASE_S)]) == [True]


async def test_the_mark_of_a_possible_duplicate_stays_for_ever(store: Store) -> None:
    marks = []
    [claim] = await claimed(store, letter())
    for doubt in (False, True, False):
        await store.intend([intent(claim, doubt=doubt)])
        marks.append(await _marked(store, claim.job.id))
        await store.record([deferred(claim, NOW)])
        [claim] = await store.claim(wanted())
    await store.postpone([delay(claim, NOW)])
    marks.append(await _marked(store, claim.job.id))
    [claim] = await store.claim(wanted())
    await store.intend([intent(claim)])
    await store.record([result(claim)])
    marks.append(await _marked(store, claim.job.id))
    assert marks == [False, True, True, True, True]


async def test_the_mark_of_a_possible_duplicate_is_seen_on_the_page(store: Store) -> None:
    [first, _] = await claimed(store, letter(1), letter(2))
    await store.intend([intent(first, doubt=True)])

    assert [record.possible_duplicate for record in await store.page(Query())] == [False, True]


async def _marked(store: Store, message_id: str) -> bool:
    record = await store.find(message_id, POOL)
    assert record is not None
    return record.possible_duplicate
