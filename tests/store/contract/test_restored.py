"""After a restore: what was unfinished in the copy is in doubt until a verdict, and the rest goes its way."""

import asyncio

import msgspec
import pytest

from posthouse.clock import rfc3339
from posthouse.mail.event import Status
from posthouse.routing.rules import START
from posthouse.store import doubt
from posthouse.store.contract import Store
from posthouse.store.values import (
    Audited,
    Change,
    ClaimRequest,
    Doubts,
    Entry,
    Release,
    Restoring,
    Stored,
    Verdict,
    Who,
)
from tests.store.conftest import Dialect
from tests.store.letters import (
    DAY_S,
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    claimed,
    deferred,
    ended,
    intent,
    letter,
    letters,
    result,
    status,
    taken_back,
    told,
    wanted,
)

OPS = Who("admin", "ops", "192.0.2.7")
COPIED = NOW - 600
LATER = NOW + 3600.0

RESTORED = Restoring(LATER, Who("command"), COPIED)


def verdict(verdict: Verdict, **more: object) -> Release:
    return msgspec.structs.replace(Release(verdict, LATER + 60, OPS), **more)


async def queued_scheduled_claimed_sending_retried(store: Store) -> list[Entry]:
    """One of each that is unfinished."""
    queued, scheduled, held, sending, retried = entries = letters(5)
    entries[1] = scheduled = msgspec.structs.replace(scheduled, due_at=LATER + DAY_S / 2)
    await claimed(store, held)
    await begun(store, sending)
    [claim] = await begun(store, retried)
    await store.record([deferred(claim, LATER + 500)])
    await store.add([queued, scheduled])
    return [queued, scheduled, held, sending, retried]


async def test_a_store_that_is_no_copy_has_no_doubts(store: Store) -> None:
    await store.add([letter()])
    assert await store.doubts() == Doubts({})
    assert await store.release([verdict("send")]) == [0]
    assert await store.audited(Audited(10)) == []


async def test_all_that_was_unfinished_is_held_and_nothing_of_it_is_handed_out(store: Store) -> None:
    entries = await queued_scheduled_claimed_sending_retried(store)
    assert await store.restored([RESTORED]) == [5]
    assert [await status(store, entry) for entry in entries] == ["held"] * 5
    never = LATER + 100 * DAY_S
    for ask in (store.claim, store.sweep, store.overdue):
        assert await ask(wanted(never)) == []
    assert await store.doubts() == Doubts({POOL: 5}, COPIED, LATER)


async def test_each_says_why_it_is_held_and_its_open_attempt_has_ended_in_doubt(store: Store) -> None:
    *_, sending, retried = await queued_scheduled_claimed_sending_retried(store)
    await store.restored([RESTORED])
    record = await store.find(sending.id, POOL)
    assert record is not None
    assert [(one.outcome, one.finished_at) for one in record.attempts] == [("unsure", LATER)]
    assert record.events[-1].type == "held"
    assert record.events[-1].detail == (
        "the store was restored from a copy of 2027-01-15T07:50:00.000Z: it may have been sent since"
    )
    record = await store.find(retried.id, POOL)
    assert record is not None
    assert [one.outcome for one in record.attempts] == ["deferred"]


async def test_what_is_accepted_afterwards_goes_its_way(store: Store) -> None:
    await store.add([letter(1)])
    await store.restored([RESTORED])
    await store.add([letter(2, at=LATER)])
    [claim] = await store.claim(wanted(LATER))
    assert (claim.job.id, claim.job.course) == (letter(2, at=LATER).id, START)


async def test_what_had_ended_stays_as_it_was(store: Store) -> None:
    [sent] = await ended(store, letter(1))
    await store.add([letter(2)])
    await store.cancel([taken_back(letter(2))])
    assert await store.restored([RESTORED]) == [0]
    assert [await status(store, one) for one in (sent, letter(2))] == ["sent", "cancelled"]
    assert (await store.doubts()).count == 0


async def test_who_held_a_message_before_writes_nothing_any_more(store: Store) -> None:
    [claim] = await claimed(store, letter())
    await store.restored([RESTORED])
    assert await store.intend([intent(claim)]) == [False]
    await store.release([verdict("send")])
    assert await store.intend([intent(claim)]) == [False]


async def test_what_is_sent_after_all_is_due_when_it_was_and_is_marked(store: Store) -> None:
    entries = await queued_scheduled_claimed_sending_retried(store)
    await store.restored([RESTORED])
    assert await store.release([verdict("send")]) == [5]
    assert [await status(store, entry) for entry in entries] == ["queued", "scheduled", "queued", "queued", "queued"]
    assert await store.doubts() == Doubts({}, COPIED, LATER)
    due = {claim.job.id: claim for claim in await store.claim(wanted(LATER + 60))}
    assert set(due) == {entries[n].id for n in (0, 2, 3)}
    retried, scheduled = [await store.claim(wanted(at)) for at in (LATER + 500, LATER + DAY_S / 2)]
    claims = [*due.values(), *retried, *scheduled]
    assert len(claims) == 5
    for claim in claims:
        assert claim.job.course.doubt
        assert claim.opened is None
    assert await store.intend([intent(claim, doubt=claim.job.course.doubt) for claim in claims]) == [True] * 5
    assert await store.record([result(claim) for claim in claims]) == [True] * 5
    for entry in entries:
        record = await store.find(entry.id, POOL)
        assert record is not None
        assert (record.status, record.possible_duplicate) == ("sent", True)


async def test_what_is_sent_after_all_has_the_time_for_its_retries_again(store: Store) -> None:
    await store.add([letter()])
    late = msgspec.structs.replace(RESTORED, at=NOW + 5 * DAY_S)
    await store.restored([late])
    await store.release([verdict("send", at=NOW + 6 * DAY_S)])
    assert await store.overdue(wanted(NOW + 6 * DAY_S)) == []
    [claim] = await store.claim(wanted(NOW + 6 * DAY_S))
    assert claim.job.give_up_at == NOW + 7 * DAY_S


@pytest.mark.parametrize(("answer", "state"), [("hold", "held"), ("cancel", "cancelled")])
async def test_what_is_not_sent_ends_so(store: Store, answer: Verdict, state: Status) -> None:
    entries = await queued_scheduled_claimed_sending_retried(store)
    await store.restored([RESTORED])
    assert await store.release([verdict(answer)]) == [5]
    assert [await status(store, entry) for entry in entries] == [state] * 5
    assert await store.claim(wanted(LATER + 100 * DAY_S)) == []
    record = await store.find(entries[0].id, None)
    assert record is not None
    assert record.events[-1].type == state


async def test_who_waits_for_work_hears_of_it(store: Store) -> None:
    await store.add([letter()])
    await store.restored([RESTORED])
    await store.due(0)  # what was told before is heard
    waiting = asyncio.create_task(store.due(30))
    await store.release([verdict("send")])
    async with asyncio.timeout(5):
        await waiting


async def test_a_verdict_that_was_given_stands(store: Store) -> None:
    await store.add([letter()])
    await store.restored([RESTORED])
    assert await store.release([verdict("hold")]) == [1]
    assert await store.release([verdict("send")]) == [0]
    assert await status(store, letter()) == "held"


async def test_a_verdict_may_be_for_some_of_them(store: Store) -> None:
    await store.add([*letters(3), letter(9, pool=OTHER_POOL)])
    await store.restored([RESTORED])
    ids = (letter(1).id, "01a20ae0-e2cc-7ac8-b610-e32461741d70")
    assert await store.release([verdict("cancel", ids=ids)]) == [1]
    assert (await store.doubts()).pools == {POOL: 2, OTHER_POOL: 1}
    assert await store.release([verdict("send", pool=OTHER_POOL)]) == [1]
    assert await store.release([verdict("send", pool=OTHER_POOL, ids=(letter(2).id,))]) == [0]
    assert (await store.doubts()).pools == {POOL: 2}


async def test_of_more_than_a_slice_one_verdict_meets_a_slice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for dialect in ("sqlite", "postgres"):
        monkeypatch.setattr(f"posthouse.store.{dialect}.restored.SLICE", 2)
    await store.add(letters(5))
    await store.restored([RESTORED])
    assert [(await store.release([verdict("send")]))[0] for _ in range(4)] == [2, 2, 1, 0]
    assert doubt.SLICE > 2


async def test_news_of_a_message_ends_the_doubt_about_it(store: Store) -> None:
    await store.add(letters(2))
    await store.restored([RESTORED])
    await store.told([told(letter(0))])
    assert (await store.doubts()).pools == {POOL: 1}
    assert await store.release([verdict("send")]) == [1]
    assert [await status(store, letter(n)) for n in (0, 1)] == ["delivered", "queued"]


async def test_news_from_before_counts_as_well(store: Store) -> None:
    await begun(store, letter())
    await store.told([told(letter(), "bounced")])
    assert await store.restored([RESTORED]) == [0]
    assert await status(store, letter()) == "bounced"


async def test_content_is_kept_until_the_verdict(store: Store) -> None:
    await store.add([letter()])
    await store.restored([RESTORED])
    assert await store.retire(NOW + 30 * DAY_S, NOW + 30 * DAY_S, 100) == 1, "what the audit says of the restore"
    kept = await store.content(letter().id, POOL)
    assert isinstance(kept, Stored)
    assert kept.message is not None
    await store.release([verdict("hold")])
    await store.retire(NOW + 30 * DAY_S, NOW + 30 * DAY_S, 100)
    assert await store.find(letter().id, POOL) is None


async def test_restore_and_release_are_audited(store: Store) -> None:
    await store.add(letters(2))
    await store.restored([RESTORED])
    await store.release([verdict("send", ids=(letter(1).id,), reason="receipts")])
    found = [msgspec.structs.replace(one, number=0) for one in await store.audited(Audited(10))]
    after = {"verdict": "send", "messages": 1, "ids": [letter(1).id]}
    assert found == [
        Change(LATER + 60, "release", OPS, None, None, "receipts", None, after),
        Change(LATER, "restore", Who("command"), after={"copied_at": rfc3339(COPIED), "in_doubt": 2}),
    ]


async def test_doubt_lasts_over_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    await store.add([letter()])
    await store.restored([RESTORED])
    await store.close()
    store = await dialect.open()
    assert await store.doubts() == Doubts({POOL: 1}, COPIED, LATER)
    assert await store.claim(ClaimRequest(10, 2**30, LATER, 90.0)) == []
    await store.close()
