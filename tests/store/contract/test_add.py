"""What was added is there: whole, in order, and after the store was closed and opened again."""

import asyncio

from posthouse.store.contract import Store
from posthouse.store.values import Receipt, Summary, Wanted
from tests.store.conftest import Dialect
from tests.store.letters import NOW, PLAIN, POOL, claimed, ids, letter, letters, wanted


async def test_every_entry_gets_a_receipt_in_the_order_of_the_entries(store: Store) -> None:
    entries = [letter(3), letter(1), letter(2)]
    assert await store.add(entries) == [Receipt(entry.id, "queued") for entry in entries]


async def test_no_entries_get_no_receipts(store: Store) -> None:
    assert await store.add([]) == []


async def test_a_message_for_later_is_scheduled(store: Store) -> None:
    later = letter(due_at=NOW + 60)
    assert await store.add([later]) == [Receipt(later.id, "scheduled")]
    record = await store.find(later.id, POOL)
    assert record is not None
    assert (record.status, record.due_at) == ("scheduled", NOW + 60)


async def test_the_record_of_a_message_says_what_was_added(store: Store) -> None:
    summary = Summary("Post <post@example.com>", ("ann@example.org",), "Hello", ("a", "b"), (("k", "v"), ("k", "w")))
    entry = letter(summary=summary, lane=2, class_name="bulk", expires_at=NOW + 60)
    await store.add([entry])
    record = await store.find(entry.id, POOL)
    assert record is not None
    assert record.summary == summary
    assert (record.id, record.pool, record.lane, record.class_name) == (entry.id, POOL, 2, "bulk")
    assert (record.accepted_at, record.due_at, record.expires_at) == (NOW, NOW, NOW + 60)
    assert (record.provider, record.provider_message_id, record.possible_duplicate) == (None, None, False)
    assert record.attempts == ()
    assert [(event.type, event.at, event.provider) for event in record.events] == [("accepted", NOW, None)]


async def test_the_claim_of_a_message_says_what_was_added(store: Store) -> None:
    entry = letter(expires_at=NOW + 60, wanted=Wanted("second", ("eu",), "hold"))
    [claim] = await claimed(store, entry)
    job = claim.job
    assert (job.id, job.pool, job.size, job.recipients) == (entry.id, POOL, len(entry.content), 1)
    assert (job.give_up_at, job.expires_at, job.needs) == (entry.give_up_at, NOW + 60, 0)
    assert (job.provider, job.require_tags, job.on_unsure) == ("second", frozenset({"eu"}), "hold")
    assert (claim.message, claim.accepted_at, claim.attempts, claim.owed) == (PLAIN, NOW, 0, None)


async def test_what_was_added_is_there_after_close_and_reopen(dialect: Dialect) -> None:
    entries = letters(5)
    store = await dialect.open()
    await store.add(entries)
    await store.close()
    store = await dialect.open()
    assert await ids(store) == [entry.id for entry in reversed(entries)]
    assert [claim.message for claim in await store.claim(wanted())] == [PLAIN] * 5
    await store.close()


async def test_one_faulty_entry_takes_its_own_call_down_and_no_other(store: Store) -> None:
    twin = letter(1)
    await store.add([twin])
    calls = (store.add([letter(2)]), store.add([letter(3), twin]), store.add([letter(4)]))
    before, faulty, behind = await asyncio.gather(*calls, return_exceptions=True)
    assert (before, behind) == ([Receipt(letter(2).id, "queued")], [Receipt(letter(4).id, "queued")])
    assert isinstance(faulty, Exception)
    assert await ids(store) == [letter(number).id for number in (4, 2, 1)]
