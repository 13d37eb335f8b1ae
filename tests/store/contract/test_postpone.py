"""Postponing: a claimed message goes back to the queue, untouched."""

import msgspec

from posthouse.routing.rules import Course
from posthouse.store.contract import Store
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


async def test_a_postponed_message_is_claimed_at_its_time_and_not_before(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.postpone([delay(claim, NOW + 7)]) == [True]
    assert await store.claim(wanted(NOW + 6.999)) == []
    [again] = await store.claim(wanted(NOW + 7))
    assert again.message == claim.message
    assert again.fence > claim.fence


async def test_postponing_keeps_the_count_of_attempts(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW)])
    for _ in range(3):
        [claim] = await store.claim(wanted())
        await store.postpone([delay(claim, NOW)])
    [claim] = await store.claim(wanted())
    assert claim.attempts == 1
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert [attempt.number for attempt in record.attempts] == [1]


async def test_postponing_keeps_the_course_and_adds_no_event(store: Store) -> None:
    [claim] = await begun(store, letter())
    course = Course(1, ("first",), served=True)
    await store.record([deferred(claim, NOW, course=course, owed=("ann@example.org",))])
    [claim] = await store.claim(wanted())
    before = await store.find(claim.job.id, POOL)
    await store.postpone([delay(claim, NOW)])
    [again] = await store.claim(wanted())
    after = await store.find(claim.job.id, POOL)
    assert (again.job.course, again.owed) == (course, ("ann@example.org",))
    assert before is not None
    assert after is not None
    assert after.events == before.events


async def test_a_postponed_message_waits_in_the_queue(store: Store) -> None:
    [claim] = await claimed(store, letter(due_at=NOW + 5), now=NOW + 5)
    assert await status(store, claim) == "scheduled"
    await store.postpone([delay(claim, NOW + 60)])
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert (record.status, record.due_at) == ("queued", NOW + 60)


async def test_a_stale_holder_postpones_nothing(store: Store) -> None:
    [stale] = await claimed(store, letter())
    await store.sweep(wanted(NOW + LEASE_S))
    assert await store.postpone([delay(stale, NOW)]) == [False]
    assert await store.claim(wanted()) == []


async def test_what_is_over_is_not_postponed(store: Store) -> None:
    [sent] = await begun(store, letter(1))
    await store.record([result(sent)])
    [cancelled] = await claimed(store, letter(2))
    await store.cancel([taken_back(letter(2))])
    assert await store.postpone([delay(sent, NOW), delay(cancelled, NOW)]) == [False, False]
    assert [await status(store, claim) for claim in (sent, cancelled)] == ["sent", "cancelled"]


async def test_a_postponed_message_can_be_cancelled(store: Store) -> None:
    [claim] = await claimed(store, letter())
    await store.postpone([delay(claim, NOW)])
    assert await store.cancel([taken_back(letter())]) == ["cancelled"]
    assert await store.claim(wanted()) == []


async def test_a_message_postponed_twice_in_one_batch_is_heard_once(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.postpone([delay(claim, NOW + 1), delay(claim, NOW + 2)]) == [True, False]
    assert [again.job.id for again in await store.claim(wanted(NOW + 1))] == [claim.job.id]


async def test_many_are_answered_in_the_order_of_the_items(store: Store) -> None:
    claims = await claimed(store, *letters(6))
    await store.intend([intent(claims[0])])
    await store.record([result(claims[0])])
    assert await store.postpone([delay(claim, NOW) for claim in claims]) == [False] + [True] * 5


async def test_an_attempt_that_was_written_down_and_did_not_begin_is_closed(store: Store) -> None:
    [claim] = await begun(store, letter())
    back = msgspec.structs.replace(delay(claim, NOW + 1), unsent=1)
    assert await store.postpone([back]) == [True]
    [again] = await store.claim(wanted(NOW + 1))
    assert again.attempts == 1
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    [attempt] = record.attempts
    assert (attempt.outcome, attempt.finished_at) == ("deferred", NOW + 1)
    assert "nothing was sent" in str(attempt.detail)
    assert [fact.health for fact in (await store.observations(0.0))[POOL]] == [0]


async def test_where_it_was_not_written_down_there_is_nothing_to_close(store: Store) -> None:
    [claim] = await claimed(store, letter())
    back = msgspec.structs.replace(delay(claim, NOW + 1), unsent=1)
    assert await store.postpone([back]) == [True]
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert record.attempts == ()
