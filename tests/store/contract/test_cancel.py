"""Cancelling: a sender takes back what was not sent yet, of its own pool."""

import asyncio

import pytest

from posthouse.routing.rules import Course
from posthouse.store.contract import Store
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    claimed,
    deferred,
    delay,
    ended,
    intent,
    letter,
    letters,
    result,
    status,
    taken_back,
    wanted,
)


async def test_a_queued_message_is_cancelled_and_says_so(store: Store) -> None:
    await store.add([letter()])
    assert await store.cancel([taken_back(letter(), at=NOW + 3)]) == ["cancelled"]
    record = await store.find(letter().id, POOL)
    assert record is not None
    assert (record.status, record.due_at) == ("cancelled", None)
    assert [(event.type, event.at) for event in record.events] == [("accepted", NOW), ("cancelled", NOW + 3)]


async def test_a_scheduled_message_is_cancelled(store: Store) -> None:
    later = letter(due_at=NOW + 60)
    await store.add([later])
    assert await store.cancel([taken_back(later)]) == ["cancelled"]
    assert await store.claim(wanted(NOW + 60)) == []


async def test_a_message_that_is_claimed_and_has_not_begun_is_cancelled(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.cancel([taken_back(letter())]) == ["cancelled"]
    assert await store.intend([intent(claim)]) == [False]


async def test_a_cancelled_message_is_never_claimed_nor_swept(store: Store) -> None:
    [held] = await claimed(store, letter(1))
    await store.add([letter(2)])
    await store.cancel([taken_back(letter(1)), taken_back(letter(2))])
    assert await store.postpone([delay(held, NOW)]) == [False]
    assert await store.claim(wanted(NOW + 10 * LEASE_S)) == []
    assert await store.sweep(wanted(NOW + 10 * LEASE_S)) == []


async def test_cancelling_twice_says_cancelled_and_adds_one_event(store: Store) -> None:
    await store.add([letter()])
    assert await store.cancel([taken_back(letter()), taken_back(letter())]) == ["cancelled", "cancelled"]
    assert await store.cancel([taken_back(letter())]) == ["cancelled"]
    record = await store.find(letter().id, POOL)
    assert record is not None
    assert [event.type for event in record.events] == ["accepted", "cancelled"]


async def test_after_an_attempt_has_begun_it_is_too_late(store: Store) -> None:
    [claim] = await begun(store, letter())
    assert await store.cancel([taken_back(letter())]) == ["sending"]
    assert await store.record([result(claim)]) == [True]
    record = await store.find(letter().id, POOL)
    assert record is not None
    assert [event.type for event in record.events] == ["accepted", "sent"]


async def test_what_is_sent_stays_sent(store: Store) -> None:
    await ended(store, letter())
    assert await store.cancel([taken_back(letter())]) == ["sent"]
    assert await status(store, letter()) == "sent"


async def test_a_message_that_was_surely_not_accepted_can_be_cancelled_before_its_next_attempt(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW + 5, course=Course(1, ("first",)))])
    assert await store.cancel([taken_back(letter())]) == ["cancelled"]


@pytest.mark.parametrize(
    "course", [Course(doubt=True), Course(served=True), Course(3, ("a",), ("b",), "a", True, True)]
)
async def test_a_message_that_may_have_been_sent_cannot_be_cancelled(store: Store, course: Course) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW + 5, course=course)])
    assert await store.cancel([taken_back(letter())]) == ["queued"]
    [again] = await store.claim(wanted(NOW + 5))
    assert await store.intend([intent(again)]) == [True]


async def test_another_pool_s_message_is_unknown_and_stays_as_it_is(store: Store) -> None:
    await store.add([letter(1), letter(2, pool=OTHER_POOL)])
    assert await store.cancel([taken_back(letter(1), OTHER_POOL), taken_back(letter(2), POOL)]) == [None, None]
    for entry in (letter(1), letter(2)):
        record = await store.find(entry.id, None)
        assert record is not None
        assert (record.status, [event.type for event in record.events]) == ("queued", ["accepted"])


async def test_another_pool_s_message_is_unknown_whatever_its_state(store: Store) -> None:
    await ended(store, letter(1))
    await begun(store, letter(2))
    assert await store.cancel([taken_back(letter(n), OTHER_POOL) for n in (1, 2)]) == [None, None]


async def test_who_may_see_all_may_cancel_all(store: Store) -> None:
    await store.add([letter(1), letter(2, pool=OTHER_POOL)])
    assert await store.cancel([taken_back(letter(1), None), taken_back(letter(2), None)]) == ["cancelled"] * 2


async def test_a_message_that_is_not_there_is_unknown(store: Store) -> None:
    assert await store.cancel([taken_back(letter(), None), taken_back(letter(), POOL)]) == [None, None]


async def test_what_is_cancelled_amid_claimers_is_never_begun(store: Store) -> None:
    entries = letters(60)
    await store.add(entries)

    async def deliver() -> None:
        for claim in await store.claim(wanted(limit=4)):
            await store.intend([intent(claim)])

    async def take_back(number: int) -> bool:
        return await store.cancel([taken_back(entries[number])]) == ["cancelled"]

    calls = [call for n in range(20) for call in (take_back(3 * n), deliver())]
    cancelled = [answer is True for answer in await asyncio.gather(*calls)][::2]
    for number, gone in enumerate(cancelled):
        record = await store.find(entries[3 * number].id, POOL)
        assert record is not None
        assert (record.status == "cancelled") == gone
        assert not (gone and record.attempts)
