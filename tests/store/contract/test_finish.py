"""Finishing: a claimed message ends without an attempt."""

import pytest

from posthouse.mail.event import Status
from posthouse.routing.retry import Happening
from posthouse.store.contract import Store
from posthouse.store.values import Ending
from tests.store.letters import (
    LEASE_S,
    NOW,
    POOL,
    claimed,
    delay,
    ending,
    letter,
    letters,
    status,
    taken_back,
    wanted,
)


@pytest.mark.parametrize("state", ["failed", "expired", "held", "suppressed", "sent"])
async def test_a_finished_message_is_in_that_state_for_good(store: Store, state: Status) -> None:
    [claim] = await claimed(store, letter())
    assert await store.finish([ending(claim, state)]) == [True]
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert (record.status, record.due_at, record.attempts) == (state, None, ())
    assert await store.claim(wanted(NOW + 10 * LEASE_S)) == []
    assert await store.sweep(wanted(NOW + 10 * LEASE_S)) == []


async def test_its_events_are_written_in_their_order(store: Store) -> None:
    [claim] = await claimed(store, letter())
    events = (Happening("bounced", "one", "ann@example.org"), Happening("failed", "two"))
    await store.finish([Ending(claim.job.id, claim.fence, NOW + 3, "failed", events)])
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert [(e.type, e.at, e.provider, e.recipient, e.detail) for e in record.events[1:]] == [
        ("bounced", NOW + 3, None, "ann@example.org", "one"),
        ("failed", NOW + 3, None, None, "two"),
    ]


async def test_a_stale_holder_finishes_nothing(store: Store) -> None:
    [stale] = await claimed(store, letter())
    await store.postpone([delay(stale, NOW)])
    [holder] = await store.claim(wanted())
    assert await store.finish([ending(stale)]) == [False]
    record = await store.find(holder.job.id, POOL)
    assert record is not None
    assert (record.status, [event.type for event in record.events]) == ("queued", ["accepted"])
    assert await store.finish([ending(holder)]) == [True]


@pytest.mark.parametrize("stale_first", [True, False])
async def test_of_a_stale_and_a_fresh_holder_in_one_batch_only_the_fresh_one_is_heard(
    store: Store, stale_first: bool
) -> None:
    [stale] = await claimed(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    pair = [ending(stale, "expired"), ending(holder, "failed")]
    answers = await store.finish(pair if stale_first else pair[::-1])
    assert answers == ([False, True] if stale_first else [True, False])
    record = await store.find(holder.job.id, POOL)
    assert record is not None
    assert (record.status, [event.type for event in record.events]) == ("failed", ["accepted", "failed"])


async def test_a_message_finished_twice_in_one_batch_is_heard_once(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.finish([ending(claim, "failed"), ending(claim, "expired")]) == [True, False]
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert (record.status, [event.type for event in record.events]) == ("failed", ["accepted", "failed"])


async def test_a_cancelled_message_is_not_finished_again(store: Store) -> None:
    [claim] = await claimed(store, letter())
    await store.cancel([taken_back(letter())])
    assert await store.finish([ending(claim)]) == [False]
    assert await status(store, claim) == "cancelled"


async def test_many_are_answered_in_the_order_of_the_items(store: Store) -> None:
    claims = await claimed(store, *letters(6))
    await store.postpone([delay(claims[2], NOW)])
    assert await store.finish([ending(claim) for claim in claims]) == [True, True, False, True, True, True]
