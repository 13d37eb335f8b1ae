"""Retiring: content is forgotten before records are, and neither while anything is owed."""

from posthouse.store.contract import Store
from posthouse.store.values import Receipt
from tests.store.letters import (
    DAY_S,
    LEASE_S,
    NOW,
    POOL,
    begun,
    claimed,
    deferred,
    ended,
    ids,
    key,
    letter,
    letters,
    taken_back,
    wanted,
)

LATER = NOW + 30 * DAY_S


async def test_an_empty_store_has_nothing_to_forget(store: Store) -> None:
    assert await store.retire(LATER, LATER, 100) == 0


async def test_content_is_forgotten_and_the_record_stays(store: Store) -> None:
    [claim] = await ended(store, letter())
    before = await store.find(claim.job.id, POOL)
    assert await store.retire(LATER, NOW, 100) == 1
    assert await store.find(claim.job.id, POOL) == before
    assert await store.retire(LATER, NOW, 100) == 0


async def test_the_record_is_forgotten_with_its_attempts_and_events(store: Store) -> None:
    [claim] = await ended(store, letter())
    await store.retire(LATER, LATER, 100)
    assert await store.find(claim.job.id, None) is None
    assert await ids(store) == []
    assert await store.observations(0) == {}
    # The same id again: nothing of the first is left behind.
    await begun(store, letter())
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert (len(record.attempts), [event.type for event in record.events]) == (1, ["accepted"])


async def test_a_record_is_never_forgotten_before_its_content(store: Store) -> None:
    """A retention that keeps content longer than records forgets both with the record."""
    await ended(store, letter())
    await store.retire(NOW, LATER, 100)
    assert await ids(store) == []
    await claimed(store, letter())


async def test_what_was_accepted_later_is_kept(store: Store) -> None:
    entries = [letter(n, at=NOW + n) for n in range(4)]
    await ended(store, *entries, now=NOW + 4)
    assert await store.retire(NOW + 2, NOW + 2, 100) == 4
    assert await ids(store) == [entries[3].id, entries[2].id]


async def test_the_unfinished_is_never_forgotten(store: Store) -> None:
    held, sending = await claimed(store, letter(1)) + await begun(store, letter(2))
    [retried] = await begun(store, letter(3))
    await store.record([deferred(retried, NOW + DAY_S)])
    queued, scheduled = letter(4), letter(5, due_at=LATER)
    await store.add([queued, scheduled])
    assert await store.retire(LATER, LATER, 100) == 0
    swept = await store.sweep(wanted(NOW + LEASE_S))
    claims = await store.claim(wanted(LATER))
    found = {claim.job.id: claim.message for claim in swept + claims}
    assert set(found) == {held.job.id, sending.job.id, retried.job.id, queued.id, scheduled.id}


async def test_every_end_is_an_end(store: Store) -> None:
    await ended(store, letter(1))
    await store.add([letter(2), letter(3)])
    await store.cancel([taken_back(letter(2)), taken_back(letter(3))])
    await store.retire(LATER, LATER, 100)
    assert await ids(store) == []


async def test_no_more_than_the_limit_is_forgotten_at_a_time(store: Store) -> None:
    await ended(store, *letters(5))
    assert await store.retire(LATER, NOW, 2) == 2
    assert await store.retire(LATER, NOW, 2) == 2
    assert await store.retire(LATER, NOW, 2) == 1
    assert await store.retire(LATER, NOW, 2) == 0
    assert len(await ids(store)) == 5


async def test_asked_again_and_again_it_forgets_everything(store: Store) -> None:
    await ended(store, *letters(25))
    rounds = 0
    while await store.retire(LATER, LATER, 4):
        rounds += 1
        assert rounds < 30
    assert await ids(store) == []


async def test_the_unfinished_in_front_does_not_keep_what_is_behind_it(store: Store) -> None:
    await begun(store, *letters(10))
    await ended(store, *letters(3, first=10))
    await store.retire(LATER, LATER, 3)
    assert await ids(store) == [entry.id for entry in reversed(letters(10))]


async def test_a_key_outlives_the_record_of_its_message(store: Store) -> None:
    await ended(store, letter(1, once=key()))
    assert await store.retire(NOW + 1, NOW + 1, 100) == 2
    assert await store.add([letter(2, once=key())]) == [Receipt(letter(1).id, "queued", replayed=True)]


async def test_keys_go_when_their_time_was_over_and_not_before(store: Store) -> None:
    await store.add([letter(1, once=key("early", forget_at=NOW + 10)), letter(2, once=key("late", forget_at=NOW + 20))])
    assert await store.retire(NOW + 10, NOW, 100) == 0
    assert await store.retire(NOW + 10.001, NOW, 100) == 1
    assert await store.retire(NOW + 10.001, NOW, 100) == 0
    assert await store.retire(LATER, NOW, 100) == 1


async def test_no_more_keys_than_the_limit_go_at_a_time(store: Store) -> None:
    await store.add([letter(number, once=key(f"key {number}")) for number in range(5)])
    assert [await store.retire(LATER, NOW, 2) for _ in range(4)] == [2, 2, 1, 0]
