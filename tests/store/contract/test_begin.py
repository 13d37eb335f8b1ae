"""Beginning at once: a message is added with its first attempt, and nobody else can have it until its lease ends."""

import asyncio
import random

import pytest

from posthouse.mail.address import shown
from posthouse.mail.event import Status
from posthouse.mail.message import Address, Message
from posthouse.routing.quota import Spent
from posthouse.store.contract import Store
from posthouse.store.values import AttemptRecord, Entry, Lifting, Mismatch, Opened, Receipt, Record, Summary
from tests.store.conftest import Dialect
from tests.store.letters import (
    DAY_S,
    LEASE_S,
    NOW,
    OTHER_POOL,
    PLAIN,
    POOL,
    deferred,
    delay,
    in_hand,
    intent,
    key,
    leaving,
    letter,
    letters,
    receipts,
    renewal,
    result,
    status,
    suppression,
    taken_back,
    wanted,
)

ANN, BOB = "Ann@example.org", "bob@example.org"


def to(*emails: str, number: int = 0, pool: str = POOL) -> Entry:
    """An entry that is added with its first attempt. Its recipients have names that look like addresses."""
    recipients = tuple(Address(email, "<eve@example.org> B.") for email in emails)
    message = Message(Address("post@example.com"), to=recipients[:1], bcc=recipients[1:], text="Hello.")
    summary = Summary(message.sender.email, tuple(map(shown, recipients)), "")
    return leaving(number, pool=pool, message=message, summary=summary)


async def found(store: Store, entry: Entry) -> Record:
    record = await store.find(entry.id, None)
    assert record is not None
    return record


async def begins(store: Store, *entries: Entry) -> list[bool]:
    """Which of them begin, added in one call."""
    return [receipt.begun for receipt in receipts(await store.add(entries))]


async def woken(store: Store) -> bool:
    """Whether something may have become due since this was asked before."""
    waiting = asyncio.create_task(store.due(60))
    await asyncio.sleep(0)
    signalled = waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return signalled


# What there is of it.


async def test_what_is_added_with_its_attempt_is_being_sent_by_that_provider(store: Store) -> None:
    entry = leaving(provider="second", at=NOW + 7)
    assert await store.add([entry]) == [Receipt(entry.id, "queued", begun=True)]
    record = await found(store, entry)
    assert (record.status, record.provider, record.due_at) == ("sending", "second", None)
    assert record.attempts == (AttemptRecord(1, "second", NOW + 7, None, None, None, None, None),)
    assert not record.possible_duplicate


async def test_its_only_event_is_that_it_was_accepted(store: Store) -> None:
    await store.add([leaving()])
    record = await found(store, leaving())
    assert [(event.type, event.at, event.provider) for event in record.events] == [("accepted", NOW, None)]


async def test_its_content_is_there(store: Store) -> None:
    await store.add([leaving()])
    stored = await store.content(leaving().id, POOL)
    assert stored is not None
    assert stored.message == PLAIN


async def test_with_and_without_attempts_all_are_answered_in_the_order_of_the_entries(store: Store) -> None:
    entries = [letter(5), leaving(1), letter(4), leaving(2), leaving(3, pool=OTHER_POOL)]
    assert await store.add(entries) == [Receipt(e.id, "queued", begun=e.begun is not None) for e in entries]
    assert [await status(store, e) for e in entries] == ["queued", "sending", "queued", "sending", "sending"]
    assert [claim.job.id for claim in await store.claim(wanted())] == [letter(4).id, letter(5).id]


async def test_each_of_many_begins_in_one_call_or_in_many(store: Store) -> None:
    together, alone = [leaving(n) for n in range(100)], [leaving(n) for n in range(100, 200)]
    answers = await asyncio.gather(store.add(together), *(store.add([entry]) for entry in alone))
    begun = [receipt.id for answer in answers for receipt in receipts(answer) if receipt.begun]
    assert begun == [entry.id for entry in (*together, *alone)]
    swept = await store.sweep(wanted(NOW + LEASE_S))
    assert [(claim.job.id, claim.opened) for claim in swept] == [(id_, Opened(1, "first", NOW)) for id_ in begun]


async def test_a_faulty_entry_leaves_no_attempt_behind(store: Store) -> None:
    twin = leaving(1)
    await store.add([twin])
    calls = (store.add([leaving(2)]), store.add([leaving(3), twin]), store.add([leaving(4)]))
    before, faulty, behind = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(faulty, Exception)
    assert [before, behind] == [[Receipt(leaving(n).id, "queued", begun=True)] for n in (2, 4)]
    assert await store.find(leaving(3).id, None) is None
    assert await begins(store, leaving(3)) == [True]


async def test_it_counts_against_the_quota_at_once(store: Store) -> None:
    await store.add([leaving(1), leaving(2), leaving(3, provider="second")])
    place, day = (POOL, "first"), NOW - 3600
    assert await store.spent(day, NOW - DAY_S, [place]) == {place: Spent(2, 2, day, NOW)}


# While its lease holds.


async def test_nobody_claims_it_at_any_time(store: Store) -> None:
    await store.add([leaving()])
    assert await store.claim(wanted(NOW + 10 * LEASE_S)) == []
    assert await store.overdue(wanted(NOW + 10 * DAY_S)) == []
    assert await store.sweep(wanted(NOW + LEASE_S - 0.001)) == []


async def test_it_waits_for_nobody(store: Store) -> None:
    await store.add([leaving()])
    assert await store.waiting(NOW + 100) == 0
    backlog = await store.backlog(NOW + 100)
    assert backlog.unfinished == {(POOL, "sending"): 1}
    assert set(backlog.oldest_s.values()) == {0.0}


async def test_it_is_too_late_to_cancel_it(store: Store) -> None:
    await store.add([leaving()])
    assert await store.cancel([taken_back(leaving())]) == ["sending"]
    assert await store.record([result(in_hand(leaving()))]) == [True]
    assert await status(store, leaving()) == "sent"


async def test_what_is_cancelled_in_the_moment_it_is_added_was_not_there_or_has_begun(store: Store) -> None:
    entries = [leaving(n) for n in range(40)]
    said: list[Status | None] = []

    async def add(entry: Entry) -> None:
        assert await begins(store, entry) == [True]

    async def take_back(entry: Entry) -> None:
        said.extend(await store.cancel([taken_back(entry)]))

    calls = [(add(entry), take_back(entry))[:: 1 if n % 2 else -1] for n, entry in enumerate(entries)]
    await asyncio.gather(*(call for pair in calls for call in pair))
    assert set(said) <= {None, "sending"}
    assert {await status(store, entry) for entry in entries} == {"sending"}


async def test_nobody_begins_it_again_under_another_lease(store: Store) -> None:
    await store.add([leaving()])
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert await store.postpone([delay(swept, NOW, unsent=1)]) == [True]
    assert await store.intend([intent(in_hand(leaving()))]) == [False]


async def test_whoever_added_it_renews_its_lease(store: Store) -> None:
    await store.add([leaving()])
    assert await store.renew([renewal(in_hand(leaving()), NOW + 200)]) == [True]
    assert await store.sweep(wanted(NOW + 199.999)) == []
    assert len(await store.sweep(wanted(NOW + 200))) == 1
    assert await store.renew([renewal(in_hand(leaving()), NOW + 900)]) == [False]


async def test_adding_it_wakes_nobody(store: Store) -> None:
    await woken(store)
    signals = []
    for number in range(3):
        await store.add([leaving(number)])
        signals.append(await woken(store))
    assert signals.count(True) <= 1, "but for once, when a process begins to listen to the others"


@pytest.mark.parametrize("first", [True, False])
async def test_adding_it_with_one_that_has_to_wait_wakes_whoever_waits_for_work(store: Store, first: bool) -> None:
    await store.add([letter(1), leaving(2)] if first else [leaving(2), letter(1)])
    assert await woken(store)


# How it ends.


async def test_whoever_added_it_records_how_its_attempt_ended(store: Store) -> None:
    await store.add([leaving()])
    sent = result(in_hand(leaving()), at=NOW + 2, status_code=250, provider_message_id="x")
    assert (sent.fence, sent.number) == (1, 1)
    assert await store.record([sent]) == [True]
    record = await found(store, leaving())
    assert (record.status, record.provider, record.provider_message_id) == ("sent", "first", "x")
    assert record.attempts == (AttemptRecord(1, "first", NOW, NOW + 2, "accepted", 250, None, None),)
    assert [event.type for event in record.events] == ["accepted", "sent"]


async def test_after_an_attempt_that_failed_it_is_claimed_as_any_other(store: Store) -> None:
    await store.add([leaving()])
    assert await store.record([deferred(in_hand(leaving()), NOW + 5)]) == [True]
    assert await store.claim(wanted(NOW + 4.999)) == []
    [claim] = await store.claim(wanted(NOW + 5))
    assert (claim.fence, claim.attempts, claim.opened, claim.message) == (2, 1, None, PLAIN)
    assert await store.intend([intent(claim, "second")]) == [True]
    record = await found(store, leaving())
    assert [(a.number, a.provider, a.outcome) for a in record.attempts] == [
        (1, "first", "deferred"),
        (2, "second", None),
    ]


async def test_given_back_unsent_it_is_due_and_its_attempt_closed(store: Store) -> None:
    await store.add([leaving()])
    assert await store.postpone([delay(in_hand(leaving()), NOW + 1, unsent=1)]) == [True]
    record = await found(store, leaving())
    assert (record.status, record.due_at) == ("queued", NOW + 1)
    assert [(a.number, a.outcome, a.finished_at) for a in record.attempts] == [(1, "deferred", NOW + 1)]
    assert await store.claim(wanted(NOW + 0.999)) == []
    [claim] = await store.claim(wanted(NOW + 1))
    assert (claim.fence, claim.attempts, claim.opened) == (2, 1, None)


async def test_where_it_was_never_added_there_is_nothing_to_give_back(store: Store) -> None:
    assert await store.postpone([delay(in_hand(leaving()), NOW, unsent=1)]) == [False]
    assert await store.find(leaving().id, None) is None


async def test_when_its_lease_has_run_out_it_is_swept_with_its_open_attempt(store: Store) -> None:
    await store.add([leaving(provider="second")])
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert swept.opened == Opened(1, "second", NOW)
    assert (swept.fence, swept.attempts, swept.message) == (2, 1, PLAIN)
    assert swept.leased_until == NOW + 2 * LEASE_S


async def test_after_it_was_swept_whoever_added_it_only_adds_to_what_is_known(store: Store) -> None:
    await store.add([leaving()])
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    assert await store.record([result(in_hand(leaving()), detail="250 OK")]) == [False]
    assert await store.postpone([delay(in_hand(leaving()), NOW, unsent=1)]) == [False]
    record = await found(store, leaving())
    [attempt] = record.attempts
    assert (record.status, attempt.outcome, attempt.evidence) == ("sending", None, "accepted: 250 OK")
    assert await store.record([result(swept, number=swept.attempts)]) == [True]


async def test_it_is_there_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    await store.add([leaving()])
    await store.close()
    store = await dialect.open()
    record = await found(store, leaving())
    claims, swept = await store.claim(wanted()), await store.sweep(wanted(NOW + LEASE_S))
    await store.close()
    assert (record.status, len(record.attempts)) == ("sending", 1)
    assert claims == []
    assert [claim.opened for claim in swept] == [Opened(1, "first", NOW)]


# Where a recipient is suppressed.


@pytest.mark.parametrize("recipients", [(ANN,), (BOB, ANN), (ANN, BOB)])
async def test_with_a_recipient_who_is_suppressed_it_waits_for_a_claim(
    store: Store, recipients: tuple[str, ...]
) -> None:
    await store.suppress([suppression("aNN@EXAMPLE.org")])
    entry = to(*recipients)
    assert await store.add([entry]) == [Receipt(entry.id, "queued")]
    assert await woken(store)
    record = await found(store, entry)
    assert (record.status, record.provider, record.due_at, record.attempts) == ("queued", None, NOW, ())
    assert await store.sweep(wanted(NOW + 10 * LEASE_S)) == []
    [claim] = await store.claim(wanted())
    assert (claim.fence, claim.attempts, claim.opened) == (1, 0, None)
    assert claim.suppressed == ("ann@example.org",)
    assert await store.intend([intent(claim)]) == [True]


async def test_whoever_is_suppressed_in_another_pool_or_is_not_written_to_stops_nothing(store: Store) -> None:
    await store.suppress([suppression(ANN, pool=OTHER_POOL), suppression("eve@example.org")])
    assert await begins(store, to(ANN, BOB), to(ANN, number=1, pool=OTHER_POOL)) == [True, False]


async def test_whoever_was_taken_off_the_list_stops_nothing(store: Store) -> None:
    await store.suppress([suppression(ANN)])
    await store.unsuppress([Lifting(POOL, ANN)])
    assert await begins(store, to(ANN)) == [True]


async def test_a_large_call_is_told_apart_message_by_message(store: Store) -> None:
    await store.suppress([suppression(f"user{n}@example.org") for n in range(0, 100, 3)])
    entries = [to(f"other{n}@example.org", f"USER{n}@example.org", number=n) for n in range(100)]
    assert await begins(store, *letters(100, first=100), *entries) == [False] * 100 + [n % 3 != 0 for n in range(100)]
    waiting = {claim.job.id: claim.suppressed for claim in await store.claim(wanted())}
    for n in range(0, 100, 3):
        assert waiting[entries[n].id] == (f"user{n}@example.org",)
    assert len(waiting) == 100 + 34


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_suppressed_before_it_is_added_begins(store: Store, seed: int) -> None:
    """Of 90 messages a third is suppressed first, a third is added first, and for a third chance decides."""
    rng = random.Random(seed)
    entries = [to(f"other{n}@example.org", f"user{n}@example.org", number=n) for n in range(90)]
    listed, added = [asyncio.Event() for _ in entries], [asyncio.Event() for _ in entries]
    began = [False] * 90

    async def any_moment() -> None:
        for _ in range(rng.randrange(12)):
            await store.waiting(NOW)

    async def suppress(n: int) -> None:
        await (added[n].wait() if n % 3 == 1 else any_moment())
        await store.suppress([suppression(f"{rng.choice(['User', 'Other'])}{n}@example.org")])
        listed[n].set()

    async def add(n: int) -> None:
        await (listed[n].wait() if n % 3 == 0 else any_moment())
        before = listed[n].is_set()
        [began[n]] = await begins(store, entries[n])
        added[n].set()
        assert not (before and began[n]), f"message {n} began after it was suppressed"

    await asyncio.gather(*map(suppress, range(90)), *map(add, range(90)))
    assert began[1::3] == [True] * 30
    assert began[::3] == [False] * 30
    assert [await status(store, entry) == "sending" for entry in entries] == began
    waiting = await store.claim(wanted())
    assert [len(claim.suppressed) for claim in waiting] == [1] * began.count(False)


# Where its idempotency key was used before.


async def test_under_a_key_that_was_used_before_nothing_begins(store: Store) -> None:
    first, again, other = letter(1, once=key()), leaving(2, once=key()), leaving(3, once=key(digest=b"another"))
    await store.add([first])
    assert await store.add([again, other]) == [Receipt(first.id, "queued", replayed=True), Mismatch(first.id)]
    assert await status(store, first) == "queued"
    assert [await status(store, entry) for entry in (again, other)] == [None, None]
    assert await store.sweep(wanted(NOW + LEASE_S)) == []


async def test_of_several_with_one_key_the_first_begins(store: Store) -> None:
    first, again, other = leaving(1, once=key()), leaving(2, once=key()), leaving(3, once=key(digest=b"another"))
    replayed = Receipt(first.id, "queued", replayed=True)
    assert await store.add([first, again, other]) == [
        Receipt(first.id, "queued", begun=True),
        replayed,
        Mismatch(first.id),
    ]
    assert await store.add([again]) == [replayed]
    assert [claim.job.id for claim in await store.sweep(wanted(NOW + LEASE_S))] == [first.id]


async def test_a_key_of_one_that_has_to_wait_is_its_own(store: Store) -> None:
    await store.suppress([suppression(PLAIN.to[0].email)])
    first, again = leaving(1, once=key()), leaving(2, once=key())
    assert await store.add([first]) == [Receipt(first.id, "queued")]
    assert await store.add([again]) == [Receipt(first.id, "queued", replayed=True)]


async def test_of_50_simultaneous_equal_requests_one_begins(store: Store) -> None:
    calls = [store.add([leaving(number, once=key())]) for number in range(50)]
    answers = receipts([answer for [answer] in await asyncio.gather(*calls)])
    assert len({answer.id for answer in answers}) == 1
    assert sorted((answer.begun, answer.replayed) for answer in answers) == [(False, True)] * 49 + [(True, False)]
    assert len(await store.sweep(wanted(NOW + LEASE_S))) == 1
