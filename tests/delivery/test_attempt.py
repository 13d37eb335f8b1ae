import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from posthouse.delivery import attempt as page
from posthouse.delivery.attempt import attempt
from posthouse.delivery.sweep import sweep
from posthouse.mail.message import Envelope
from posthouse.providers.base import NotSent
from posthouse.routing.outcome import (
    Accepted,
    Deferred,
    Outcome,
    Recipient,
    Refused,
    Throttled,
    Unauthorised,
    Unsure,
)
from posthouse.routing.rules import BreakerRules, Candidate
from posthouse.store.contract import StoreDown
from posthouse.store.values import Cancel, Claim, Delay, Intent, Record, Renewal, Result, Told
from tests.delivery.clock import NOW
from tests.delivery.office import TIMEOUT_S, Office, office
from tests.store.letters import POOL, letter


def told(record: Record) -> list[tuple[str, str | None]]:
    """(provider, outcome) of each attempt."""
    return [(attempt.provider, attempt.outcome) for attempt in record.attempts]


def events(record: Record) -> list[str]:
    return [event.type for event in record.events]


# The table: outcome → state, next provider, events.

ELSEWHERE = ["accepted", "deferred", "sent"]
TABLE: dict[str, tuple[Outcome, dict[str, Any]]] = {
    "accepted": (
        Accepted(202, message_id="p-1"),
        {"status": "sent", "events": ["accepted", "sent"], "attempts": [("first", "accepted")]},
    ),
    "refused for its recipient": (
        Refused("recipient", 550, "no such user"),
        {"status": "failed", "events": ["accepted", "failed"], "attempts": [("first", "refused")]},
    ),
    "refused as malformed": (
        Refused("message", 400),
        {"status": "failed", "events": ["accepted", "failed"], "attempts": [("first", "refused")]},
    ),
    "refused for its content": (
        Refused("content", 550, "looks like spam"),
        {"status": "sent", "events": ELSEWHERE, "attempts": [("first", "refused"), ("second", "accepted")]},
    ),
    "refused for its size": (
        Refused("size", 413),
        {"status": "sent", "events": ELSEWHERE, "attempts": [("first", "refused"), ("second", "accepted")]},
    ),
    "deferred": (
        Deferred(503, "try later"),
        {"status": "sent", "events": ELSEWHERE, "attempts": [("first", "deferred"), ("second", "accepted")]},
    ),
    "greylisted": (
        Deferred(451, blame="recipient"),
        {"status": "queued", "events": ["accepted", "deferred"], "attempts": [("first", "deferred")]},
    ),
    "throttled": (
        Throttled(429, retry_after_s=30.0),
        {
            "status": "sent",
            "events": ["accepted", "sent"],
            "attempts": [("first", "throttled"), ("second", "accepted")],
        },
    ),
    "unauthorised": (
        Unauthorised(401),
        {"status": "sent", "events": ELSEWHERE, "attempts": [("first", "unauthorised"), ("second", "accepted")]},
    ),
    "unsure": (
        Unsure(detail="no answer"),
        {
            "status": "sent",
            "events": ELSEWHERE,
            "attempts": [("first", "unsure"), ("second", "accepted")],
            "possible_duplicate": True,
        },
    ),
}


@pytest.mark.parametrize(("outcome", "then"), TABLE.values(), ids=TABLE)
async def test_each_outcome_has_its_consequence(tmp_path: Path, outcome: Outcome, then: dict[str, Any]) -> None:
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [outcome]
        await house.add(letter())
        for _ in range(3):  # as often as it is due at this moment
            await house.attempt()
        record = await house.only()
        assert (record.status, events(record), told(record)) == (then["status"], then["events"], then["attempts"])
        assert record.possible_duplicate is then.get("possible_duplicate", False)
        assert (record.due_at is None) is (then["status"] != "queued")
        first = record.attempts[0]
        assert (first.status, first.detail) == (outcome.status, outcome.detail)


@pytest.mark.parametrize(("given", "kept"), [("i" * 512, "i" * 512), ("i" * 513, None)])
async def test_an_id_that_no_index_takes_is_left_out_and_the_message_is_sent(
    tmp_path: Path, given: str, kept: str | None
) -> None:
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [Accepted(202, message_id=given)]
        await house.add(letter())
        await house.attempt()
        record = await house.only()
        assert (record.status, record.provider_message_id) == ("sent", kept)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted(200), "closed"),
        (Refused("content"), "closed"),
        (Deferred(503), "closed"),
        (Throttled(429), "closed"),
        (Unauthorised(401), "open"),
        (Unsure(), "closed"),
    ],
)
async def test_the_desk_learns_from_every_answer(tmp_path: Path, outcome: Outcome, state: str) -> None:
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [outcome]
        await house.add(letter())
        await house.attempt()
        assert house.desk.circuits(house.clock.now())[POOL] == {"first": state, "second": "closed"}
        standing = house.desk.board(POOL).standing("first")
        assert standing.in_flight == 0
        assert (standing.circuit.failures > 0) is (type(outcome) in (Deferred, Unauthorised, Unsure))


async def test_what_is_handed_over_is_the_message_under_its_own_name_and_date(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        await house.clock.advance(5)
        await attempt(claim, house.desk)
        (envelope,) = house.carriers["first"].sent
        assert envelope == Envelope(claim.job.id, claim.message, NOW)
        assert (await house.only()).provider_message_id == "p-1"


async def test_only_those_still_owed_are_sent_to_again(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        later = Recipient("ann@example.org", permanent=False, detail="greylisted")
        house.carriers["first"].acts = [Accepted(250, unserved=(later,))]
        await house.add(letter())
        await house.attempt()
        record = await house.only()
        assert (record.status, events(record)) == ("queued", ["accepted", "sent", "deferred"])
        assert record.due_at is not None
        await house.clock.advance(record.due_at - house.clock.now())
        await house.attempt()
        assert house.carriers["first"].sent[1].recipients == ("ann@example.org",)
        assert (await house.only()).status == "sent"


# What is not sent at all.


async def test_a_message_nobody_may_carry_now_goes_back_until_somebody_may(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        for name in ("first", "second"):
            house.carriers[name].acts = [Throttled(429, retry_after_s=30.0)]
        await house.add(letter())
        for _ in range(3):
            await house.attempt()
        record = await house.only()
        assert (record.status, record.due_at) == ("queued", NOW + 30)
        assert events(record) == ["accepted"]
        assert [len(carrier.sent) for carrier in house.carriers.values()] == [1, 1]
        await house.clock.advance(30)
        await house.attempt()
        assert (await house.only()).status == "sent"


async def test_a_message_whose_time_is_over_ends_without_an_attempt(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed(expires_at=NOW + 1)
        await house.clock.advance(1)
        await attempt(claim, house.desk)
        record = await house.only()
        assert (record.status, events(record), record.attempts) == ("expired", ["accepted", "expired"], ())


async def test_a_message_no_provider_can_carry_fails_and_says_why(tmp_path: Path) -> None:
    async with office(tmp_path, candidates=(Candidate("first", max_recipients=0),)) as house:
        await house.add(letter())
        await house.attempt()
        record = await house.only()
        assert record.status == "failed"
        assert record.events[-1].detail == (
            "no provider of the pool can carry it: first: too many recipients: 1, it takes 0"
        )


async def test_a_message_of_a_pool_that_is_gone_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed(pool="gone.example.com")
        await attempt(claim, house.desk)
        record = await house.store.find(claim.job.id, None)
        assert record is not None
        assert (record.status, record.due_at) == ("queued", NOW + 30)


async def test_while_the_desk_is_drained_nothing_begins(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        house.desk.draining = True
        await attempt(claim, house.desk)
        record = await house.only()
        assert (record.status, record.due_at, record.attempts) == ("queued", NOW, ())
        assert house.carriers["first"].sent == []


async def test_what_somebody_else_has_taken_over_is_not_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        stale = msgspec.structs.replace(claim, fence=claim.fence - 1)
        await attempt(stale, house.desk)
        assert house.carriers["first"].sent == []
        assert (await house.only()).attempts == ()
        assert house.desk.board(POOL).standing("first").in_flight == 0


class Between:
    """The store, and something that happens just before an attempt is written down."""

    def __init__(self, house: Office, happens: Any) -> None:
        self._work, self._happens = house.desk.work, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    async def intend(self, items: list[Intent]) -> list[bool]:
        await self._happens()
        return await self._work.intend(items)


async def test_a_message_cannot_be_cancelled_once_it_is_claimed_and_before_that_is_never_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        await house.add(letter())
        (claim,) = await house.claim()
        answers: list[Any] = []

        async def cancel() -> None:
            answers.extend(await house.store.cancel([Cancel(claim.job.id, POOL, NOW)]))

        house.desk.work = Between(house, cancel)  # type: ignore[assignment]
        await attempt(claim, house.desk)
        record = await house.only()
        assert answers == [record.status]
        assert (record.status == "cancelled") is (house.carriers["first"].sent == [])
        assert (record.status, events(record)) == ("cancelled", ["accepted", "cancelled"])


async def test_after_standing_still_the_lease_is_renewed_before_the_first_byte(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()

        async def stand_still() -> None:
            await house.clock.advance(claim.leased_until - TIMEOUT_S - NOW + 1)

        house.desk.work = Between(house, stand_still)  # type: ignore[assignment]
        await attempt(claim, house.desk)
        assert (await house.only()).status == "sent"


async def test_after_standing_still_too_long_nothing_is_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()

        async def renew(items: list[Renewal]) -> list[bool]:
            return [False]

        async def stand_still() -> None:
            await house.clock.advance(claim.leased_until - NOW)

        house.desk.work = Between(house, stand_still)  # type: ignore[assignment]
        house.desk.work.renew = renew  # type: ignore[method-assign, assignment]
        await attempt(claim, house.desk)
        assert house.carriers["first"].sent == []


# Faults of ours.


async def test_an_exception_in_a_provider_is_doubt(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with office(tmp_path, on_unsure="hold") as house:
        house.carriers["first"].acts = [RuntimeError("secret inside")]
        await house.add(letter())
        await house.attempt()
        record = await house.only()
        assert (record.status, told(record)) == ("held", [("first", "unsure")])
        assert "secret" not in str(record)
    assert "attempt ended in an internal error" in caplog.messages


async def test_a_message_that_cannot_be_written_for_one_provider_goes_to_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [NotSent("sandbox: the message could not be written")]
        await house.add(letter())
        for _ in range(2):
            await house.attempt()
        record = await house.only()
        assert told(record) == [("first", "refused"), ("second", "accepted")]
        assert record.possible_duplicate is False
    assert "message could not be written for a provider" in caplog.messages


class Refusing:
    """The store, whose `record`, `intend` and `postpone` find the disk full for so many times."""

    def __init__(self, house: Office, times: int, *, fatal: bool = False) -> None:
        self._work, self.times, self._fatal = house.desk.work, times, fatal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def _try(self) -> None:
        if self.times:
            self.times -= 1
            raise StoreDown("the disk is full", fatal=self._fatal)

    async def record(self, items: list[Result]) -> list[bool]:
        self._try()
        return await self._work.record(items)

    async def intend(self, items: list[Intent]) -> list[bool]:
        self._try()
        return await self._work.intend(items)

    async def postpone(self, items: list[Delay]) -> list[bool]:
        self._try()
        return await self._work.postpone(items)


async def test_an_answer_that_cannot_be_written_down_is_tried_again_until_it_is(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        full = house.desk.work = Refusing(house, 0)  # type: ignore[assignment]

        async def fills(envelope: Envelope) -> Outcome:
            full.times = 3
            return Accepted(200, message_id="kept")

        house.carriers["first"].acts = [fills]
        trying = asyncio.create_task(attempt(claim, house.desk))
        for count in (1, 2, 3):
            await house.clock.sleeping(count)
            assert (await house.only()).status == "sending"
            await house.clock.advance(page.AGAIN_S)
        await trying
        record = await house.only()
        assert (record.status, told(record)) == ("sent", [("first", "accepted")])
        assert len(house.carriers["first"].sent) == 1


async def test_an_attempt_that_cannot_be_written_down_is_not_begun_and_the_message_goes_back_at_once(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        house.desk.work = Refusing(house, 2)  # type: ignore[assignment]
        trying = asyncio.create_task(attempt(claim, house.desk))
        for count in (1, 2):
            await house.clock.sleeping(count)
            await house.clock.advance(page.AGAIN_S)
        await trying
        record = await house.only()
        assert (record.status, told(record)) == ("queued", [])
        assert house.carriers["first"].sent == []
        await house.attempt()
        assert (await house.only()).status == "sent"


async def test_where_the_disk_has_failed_for_good_the_attempt_ends(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        broken = house.desk.work = Refusing(house, 0, fatal=True)  # type: ignore[assignment]

        async def breaks(envelope: Envelope) -> Outcome:
            broken.times = 1
            return Accepted(200, message_id="lost")

        house.carriers["first"].acts = [breaks]
        with pytest.raises(StoreDown):
            await attempt(claim, house.desk)
        assert (await house.only()).status == "sending"


async def test_an_answer_after_the_lease_was_lost_is_kept_as_evidence_and_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, on_unsure="hold") as house:
        claim = await house.claimed()

        async def late(envelope: Envelope) -> Outcome:
            await house.clock.advance(house.desk.lease_s)
            assert await sweep(house.desk) == 1
            return Accepted(200, message_id="late")

        house.carriers["first"].acts = [late]
        await attempt(claim, house.desk)
        record = await house.only()
        assert (record.status, record.provider_message_id) == ("held", None)
        assert record.attempts[0].evidence == "accepted: 200"
        assert events(record) == ["accepted", "held"]
    assert "an answer came after the lease was lost; it is kept as evidence" in caplog.messages


# What is learnt of when.


async def test_a_late_answer_to_a_call_from_before_the_circuit_opened_does_not_close_it(tmp_path: Path) -> None:
    rules = BreakerRules(failures=1, min_calls=10**9, probe_every_s=5.0)
    async with office(tmp_path, breaker=rules) as house:
        early: Claim = await house.claimed()

        async def meanwhile(envelope: Envelope) -> Outcome:
            await house.clock.advance(1)
            house.carriers["first"].acts = [Deferred(503)]
            await attempt(await house.claimed(number=1), house.desk)
            await house.clock.advance(5)
            house.desk.probing(POOL, "first")
            return Accepted(200)

        house.carriers["first"].acts = [meanwhile]
        await attempt(early, house.desk)
        assert house.desk.board(POOL).standing("first").circuit.opened_at == NOW + 1
        assert house.desk.board(POOL).standing("first").circuit.probing


async def test_evidence_that_comes_before_the_second_send_takes_its_place(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [Unsure(detail="no answer")]
        await house.add(letter())
        await house.attempt()
        record = await house.only()
        assert (record.status, [attempt.outcome for attempt in record.attempts]) == ("queued", ["unsure"])
        await house.store.told([Told(POOL, "first", "delivered", NOW + 1, message_id=record.id)])
        await house.attempt()
        record = await house.only()
        assert (record.status, record.possible_duplicate) == ("delivered", False)
        assert len(house.carriers["first"].sent) == 1
        assert house.carriers["second"].sent == []
        assert events(record) == ["accepted", "deferred", "delivered", "sent"]


async def test_news_of_a_message_without_a_doubt_ends_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [Deferred(503)]
        await house.add(letter())
        await house.attempt()
        record = await house.only()
        await house.store.told([Told(POOL, "first", "delivered", NOW + 1, message_id=record.id)])
        await house.attempt()
        assert len(house.carriers["second"].sent) == 1
