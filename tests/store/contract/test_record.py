"""Recording: how an attempt ended and what its message is now, as one; a stale holder leaves evidence and no more."""

import pytest

from posthouse.mail.event import Status
from posthouse.routing.board import Fact
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.retry import Happening
from posthouse.routing.rules import Course
from posthouse.store.contract import Store
from posthouse.store.values import AttemptRecord, Record
from tests.store.conftest import Dialect
from tests.store.letters import (
    LEASE_S,
    NOW,
    POOL,
    begun,
    deferred,
    intent,
    letter,
    letters,
    result,
    status,
    wanted,
)


async def _record(store: Store, message_id: str) -> Record:
    record = await store.find(message_id, POOL)
    assert record is not None
    return record


async def test_an_answer_closes_its_attempt_and_its_message(store: Store) -> None:
    [claim] = await begun(store, letter())
    said = result(claim, at=NOW + 0.5, status_code=202, detail="queued", provider_message_id="<1@provider>")
    assert await store.record([said]) == [True]
    record = await _record(store, claim.job.id)
    assert (record.status, record.due_at, record.provider_message_id) == ("sent", None, "<1@provider>")
    assert record.attempts == (AttemptRecord(1, "first", NOW, NOW + 0.5, "accepted", 202, "queued", None),)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("accepted", "sent"),
        ("refused", "failed"),
        ("deferred", "expired"),
        ("throttled", "failed"),
        ("unauthorised", "failed"),
        ("unsure", "held"),
    ],
)
async def test_every_outcome_and_its_state_are_written(store: Store, outcome: OutcomeKind, state: Status) -> None:
    [claim] = await begun(store, letter())
    assert await store.record([result(claim, outcome, state)]) == [True]
    record = await _record(store, claim.job.id)
    assert (record.attempts[0].outcome, record.status) == (outcome, state)


async def test_events_are_written_in_their_order_with_the_provider(store: Store) -> None:
    [claim] = await begun(store, letter(), provider="second")
    happened = (Happening("sent"), Happening("bounced", "no such user", "ann@example.org"), Happening("deferred", "?"))
    await store.record([result(claim, provider="second", at=NOW + 1, events=happened)])
    record = await _record(store, claim.job.id)
    assert [(e.type, e.at, e.provider, e.recipient, e.detail) for e in record.events[1:]] == [
        ("sent", NOW + 1, "second", None, None),
        ("bounced", NOW + 1, "second", "ann@example.org", "no such user"),
        ("deferred", NOW + 1, "second", None, "?"),
    ]


async def test_an_answer_is_there_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    [claim] = await begun(store, letter())
    await store.record([result(claim)])
    before = await _record(store, claim.job.id)
    await store.close()
    store = await dialect.open()
    assert await _record(store, claim.job.id) == before
    assert await store.sweep(wanted(NOW + 10 * LEASE_S)) == []
    await store.close()


async def test_a_message_that_goes_on_keeps_its_course_its_number_and_who_is_owed(store: Store) -> None:
    [claim] = await begun(store, letter())
    course = Course(2, ("first",), ("second",), "third", doubt=True, served=True)
    await store.record([deferred(claim, NOW + 5, course=course, owed=("ann@example.org", "bob@example.org"))])
    record = await _record(store, claim.job.id)
    assert (record.status, record.due_at) == ("queued", NOW + 5)
    [again] = await store.claim(wanted(NOW + 5))
    assert again.job.course == course
    assert again.owed == ("ann@example.org", "bob@example.org")
    assert again.job.recipients == 2
    assert (again.attempts, again.opened) == (1, None)


async def test_who_is_owed_stays_as_it_was_where_an_answer_says_nothing_of_it(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW, owed=("ann@example.org",))])
    [claim] = await store.claim(wanted())
    await store.intend([intent(claim)])
    await store.record([deferred(claim, NOW)])
    [claim] = await store.claim(wanted())
    assert claim.owed == ("ann@example.org",)


async def test_nobody_owed_is_not_the_same_as_everybody_owed(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW, owed=())])
    [again] = await store.claim(wanted())
    assert (again.owed, again.job.recipients) == ((), 0)


async def test_attempts_are_listed_by_number(store: Store) -> None:
    [claim] = await begun(store, letter())
    for number in range(2, 13):
        await store.record([deferred(claim, NOW + number)])
        [claim] = await store.claim(wanted(NOW + number))
        await store.intend([intent(claim, f"provider {number}", NOW + number)])
    record = await _record(store, claim.job.id)
    assert [attempt.number for attempt in record.attempts] == list(range(1, 13))
    assert record.provider == "provider 12"


async def test_the_provider_s_id_of_an_earlier_answer_is_kept_where_a_later_one_has_none(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW, provider_message_id="one")])
    [claim] = await store.claim(wanted())
    await store.intend([intent(claim)])
    await store.record([result(claim, "refused", "failed")])
    assert (await _record(store, claim.job.id)).provider_message_id == "one"


async def test_a_stale_holder_changes_no_state_and_adds_no_event(store: Store) -> None:
    [stale] = await begun(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    before = await _record(store, stale.job.id)
    late = result(stale, status_code=202, detail="accepted late", provider_message_id="late")
    assert await store.record([late]) == [False]
    after = await _record(store, stale.job.id)
    assert after.events == before.events
    assert (after.status, after.due_at, after.provider_message_id) == ("sending", None, None)
    assert await store.record([result(holder, "unsure", "held", number=1)]) == [True]


async def test_what_a_stale_holder_learnt_is_kept_as_evidence(store: Store) -> None:
    [stale] = await begun(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    await store.record([result(stale, status_code=202, detail="queued as 7")])
    await store.record([result(holder, "unsure", "held", number=1, detail="no answer")])
    [attempt] = (await _record(store, stale.job.id)).attempts
    assert (attempt.outcome, attempt.detail) == ("unsure", "no answer")
    assert attempt.evidence is not None
    assert "accepted" in attempt.evidence
    assert "queued as 7" in attempt.evidence


async def test_evidence_after_the_end_leaves_the_attempt_as_it_was(store: Store) -> None:
    [stale] = await begun(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    await store.record([result(holder, "unsure", "held", number=1)])
    before = await _record(store, stale.job.id)
    assert await store.record([result(stale, at=NOW + 200, status_code=250)]) == [False]
    after = await _record(store, stale.job.id)
    assert (after.status, after.events) == (before.status, before.events)
    assert (after.attempts[0].outcome, after.attempts[0].finished_at) == ("unsure", NOW)
    assert after.attempts[0].evidence == "accepted: 250"


@pytest.mark.parametrize("stale_first", [True, False])
async def test_of_a_stale_and_a_fresh_holder_in_one_batch_only_the_fresh_one_is_heard(
    store: Store, stale_first: bool
) -> None:
    [stale] = await begun(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    await store.record([deferred(holder, NOW + LEASE_S, number=1, at=NOW + LEASE_S)])
    [holder] = await store.claim(wanted(NOW + LEASE_S))
    await store.intend([intent(holder, "second", NOW + LEASE_S)])
    events = len((await _record(store, stale.job.id)).events)
    late = result(stale, detail="from the dead")
    fresh = result(holder, "refused", "failed", provider="second", detail="no", at=NOW + 100)
    answers = await store.record([late, fresh] if stale_first else [fresh, late])
    assert answers == ([False, True] if stale_first else [True, False])
    record = await _record(store, stale.job.id)
    assert [event.type for event in record.events[events:]] == ["failed"]
    assert [(a.outcome, a.evidence) for a in record.attempts] == [
        ("deferred", "accepted: from the dead"),
        ("refused", None),
    ]


async def test_the_same_answer_twice_in_one_batch_is_heard_once(store: Store) -> None:
    [claim] = await begun(store, letter())
    assert await store.record([result(claim), result(claim)]) == [True, False]
    assert [event.type for event in (await _record(store, claim.job.id)).events] == ["accepted", "sent"]


async def test_the_same_answer_a_second_time_is_not_heard(store: Store) -> None:
    [claim] = await begun(store, letter())
    assert await store.record([deferred(claim, NOW)]) == [True]
    assert await store.record([result(claim)]) == [False]
    assert await status(store, claim) == "queued"


async def test_many_answers_are_written_in_one_batch(store: Store) -> None:
    claims = await begun(store, *letters(50))
    answers = await store.record(
        [result(claim) if n % 2 else result(claim, "refused", "failed") for n, claim in enumerate(claims)]
    )
    assert answers == [True] * 50
    assert [await status(store, claim) for claim in claims] == ["failed", "sent"] * 25


async def test_an_answer_to_a_message_that_is_gone_is_not_heard(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([result(claim)])
    await store.retire(NOW + 1, NOW + 1, 10)
    assert await store.record([result(claim)]) == [False]
    assert await store.find(claim.job.id, None) is None


async def test_the_fact_of_an_answer_may_blame_nobody(store: Store) -> None:
    [claim] = await begun(store, letter())
    fact = Fact("first", NOW + 1, "unsure", 0, began=NOW)
    await store.record([result(claim, "unsure", "held", fact=fact)])
    assert await store.observations(NOW) == {POOL: [fact]}
