"""An idempotency key stands for one message: whoever asks again gets the first answer."""

import asyncio

from posthouse.store.contract import Store
from posthouse.store.values import Mismatch, Receipt
from tests.store.conftest import Dialect
from tests.store.letters import (
    DAY_S,
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    ended,
    ids,
    key,
    letter,
    receipts,
    taken_back,
)


async def test_the_same_key_and_body_gives_the_first_receipt_again(store: Store) -> None:
    first, again = letter(1, once=key()), letter(2, once=key())
    assert await store.add([first]) == [Receipt(first.id, "queued")]
    assert await store.add([again]) == [Receipt(first.id, "queued", replayed=True)]
    assert await ids(store) == [first.id]


async def test_another_body_under_the_same_key_is_a_mismatch_and_stored_nowhere(store: Store) -> None:
    first, other = letter(1, once=key()), letter(2, once=key(digest=b"another"))
    await store.add([first])
    assert await store.add([other]) == [Mismatch(first.id)]
    assert await ids(store) == [first.id]


async def test_a_mismatch_leaves_the_key_with_the_first_body(store: Store) -> None:
    first = letter(1, once=key())
    await store.add([first])
    await store.add([letter(2, once=key(digest=b"another"))])
    assert await store.add([letter(3, once=key())]) == [Receipt(first.id, "queued", replayed=True)]


async def test_equal_keys_in_one_batch_give_one_message(store: Store) -> None:
    first, again, other = letter(1, once=key()), letter(2, once=key()), letter(3, once=key(digest=b"another"))
    answers = await store.add([first, again, other])
    assert answers == [Receipt(first.id, "queued"), Receipt(first.id, "queued", replayed=True), Mismatch(first.id)]
    assert await ids(store) == [first.id]


async def test_50_simultaneous_equal_requests_give_one_message_and_equal_receipts(store: Store) -> None:
    calls = [store.add([letter(number, once=key())]) for number in range(50)]
    answers = receipts([answer for [answer] in await asyncio.gather(*calls)])
    assert len({(answer.id, answer.status) for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49
    assert await ids(store) == [answers[0].id]


async def test_50_simultaneous_requests_amid_others_are_told_apart(store: Store) -> None:
    entries = [letter(number, once=key(f"key {number % 5}") if number % 2 else None) for number in range(50)]
    answers = receipts([answer for [answer] in await asyncio.gather(*(store.add([entry]) for entry in entries))])
    assert len(await ids(store)) == 25 + 5
    for entry, answer in zip(entries, answers, strict=True):
        assert answer.replayed == (entry.id != answer.id)
        assert entry.once is not None or answer.id == entry.id


async def test_a_key_outlives_close_and_reopen(dialect: Dialect) -> None:
    first = letter(1, once=key())
    store = await dialect.open()
    await store.add([first])
    await store.close()
    store = await dialect.open()
    assert await store.add([letter(2, once=key())]) == [Receipt(first.id, "queued", replayed=True)]
    assert await store.add([letter(3, once=key(digest=b"another"))]) == [Mismatch(first.id)]
    await store.close()


async def test_the_first_answer_is_kept_whatever_became_of_the_message(store: Store) -> None:
    sent, sending, cancelled = (letter(number, once=key(f"key {number}")) for number in (1, 2, 3))
    scheduled = letter(4, due_at=NOW + 60, once=key("key 4"))
    await ended(store, sent)
    await begun(store, sending)
    await store.add([cancelled, scheduled])
    await store.cancel([taken_back(cancelled), taken_back(scheduled)])
    answers = await store.add([letter(number + 10, once=key(f"key {number}")) for number in (1, 2, 3, 4)])
    queued = [Receipt(entry.id, "queued", replayed=True) for entry in (sent, sending, cancelled)]
    assert answers == [*queued, Receipt(scheduled.id, "scheduled", replayed=True)]


async def test_keys_of_two_pools_do_not_meet(store: Store) -> None:
    ours, theirs = letter(1, once=key()), letter(2, pool=OTHER_POOL, once=key(digest=b"another"))
    assert await store.add([ours]) == [Receipt(ours.id, "queued")]
    assert await store.add([theirs]) == [Receipt(theirs.id, "queued")]


async def test_keys_are_compared_to_the_letter(store: Store) -> None:
    names = ["key", "Key", "key ", " key", "ke", "keyy", "k%", "k_y"]
    answers = receipts(await store.add([letter(number, once=key(name)) for number, name in enumerate(names)]))
    assert not any(answer.replayed for answer in answers)


async def test_a_forgotten_key_may_be_used_again(store: Store) -> None:
    first = letter(1, once=key())
    await store.add([first])
    early, late = (
        letter(2, at=NOW + DAY_S - 0.001, once=key()),
        letter(3, at=NOW + DAY_S, once=key(forget_at=NOW + 2 * DAY_S)),
    )
    assert receipts(await store.add([early]))[0].replayed
    assert await store.add([late]) == [Receipt(late.id, "queued")]
    again = letter(4, at=NOW + DAY_S + 1, once=key(forget_at=NOW + 3 * DAY_S))
    assert await store.add([again]) == [Receipt(late.id, "queued", replayed=True)]


async def test_a_forgotten_key_takes_another_body(store: Store) -> None:
    await store.add([letter(1, once=key())])
    other = letter(2, at=NOW + DAY_S, once=key(digest=b"another", forget_at=NOW + 2 * DAY_S))
    assert await store.add([other]) == [Receipt(other.id, "queued")]


async def test_a_faulty_call_leaves_no_key_behind(store: Store) -> None:
    twin = letter(1)
    await store.add([twin])
    faulty, *_ = await asyncio.gather(store.add([letter(2, once=key()), twin]), return_exceptions=True)
    assert isinstance(faulty, Exception)
    after = letter(3, once=key())
    assert await store.add([after]) == [Receipt(after.id, "queued")]


async def test_who_asks_is_told_what_an_add_would_be_answered(store: Store) -> None:
    await store.add([letter(1, once=key())])
    assert await store.remembered(POOL, key(), NOW) == Receipt(letter(1).id, "queued", replayed=True)
    assert await store.remembered(POOL, key(digest=b"other"), NOW) == Mismatch(letter(1).id)
    for free in ((POOL, key("other"), NOW), (OTHER_POOL, key(), NOW), (POOL, key(), NOW + DAY_S)):
        assert await store.remembered(*free) is None
