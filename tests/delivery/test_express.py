"""The short way: what can leave at once leaves with its commit; everything else waits, and nobody is overtaken."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from posthouse.delivery import worker as working
from posthouse.mail.message import Envelope, Message
from posthouse.routing.board import Fact
from posthouse.routing.outcome import Accepted, Unauthorised
from posthouse.routing.rules import BreakerRules, Candidate, Rate, Rules
from posthouse.routing.switch import Switch
from posthouse.store.contract import StoreDown
from posthouse.store.values import Claim, ClaimRequest, Mismatch, Receipt, Record
from tests.delivery.clock import NOW
from tests.delivery.office import Gate, Office, office
from tests.delivery.station import Station, at_work, second_pool, sent, told
from tests.delivery.test_worker import LONG_S, settled
from tests.store.letters import OTHER_POOL, PLAIN, POOL, key, letter, letters, receipts, suppression

ALONE = (Candidate("first", concurrency=1),)
"""One provider, with one place."""

SENSITIVE = BreakerRules(failures=1, min_calls=10**9, ramp_steps=0, probe_every_s=5.0)


@pytest.fixture(autouse=True)
def never_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a signal wakes a worker."""
    monkeypatch.setattr(working, "IDLE_S", LONG_S)


# What can leave at once.


async def test_what_can_leave_at_once_is_sent_without_a_claim_and_the_caller_is_told_that_it_is_queued(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        entry = letter()
        assert await at.add(entry) == [Receipt(entry.id, "queued", begun=True)]
        assert await settled(house, entry.id) == ["sent"]
        record = await house.only()
        assert told(record) == [(1, "first", "accepted")]
        assert [event.type for event in record.events] == ["accepted", "sent"]
        assert record.possible_duplicate is False
        assert (at.store.claimed, at.store.intended) == ([], [])
        assert await at.in_flight() == 0


async def test_its_attempt_is_on_disk_before_the_first_byte_leaves(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        seen = list[Record]()

        async def looks(envelope: Envelope) -> Accepted:
            seen.append(await house.only())
            return Accepted(200)

        house.carriers["first"].acts = [looks]
        await at.add(letter())
        assert await settled(house, letter().id) == ["sent"]
        assert [(record.status, told(record)) for record in seen] == [("sending", [(1, "first", None)])]


@pytest.mark.parametrize("message", [None, PLAIN], ids=["packed only", "as it came"])
async def test_what_is_handed_over_is_the_message_under_its_own_name_and_date(
    tmp_path: Path, message: Message | None
) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        entry = msgspec.structs.replace(letter(), message=message)
        await house.clock.advance(5)
        await at.add(entry)
        assert await settled(house, entry.id) == ["sent"]
        assert house.carriers["first"].sent == [Envelope(entry.id, PLAIN, NOW)]
        assert (await house.only()).attempts[0].started_at == NOW + 5


async def test_it_is_in_the_workers_hands_before_anybody_waits_for_the_disk(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        adding = at.express.add([letter()])
        assert house.desk.board(POOL).standing("first").in_flight == 1
        assert receipts(await adding)[0].begun
        assert await settled(house, letter().id) == ["sent"]


async def test_what_did_not_succeed_on_the_short_way_goes_on_on_the_long_one(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        house.carriers["first"].acts = [Unauthorised(401)]
        assert await at.begun(letter()) == [True]
        assert await settled(house, letter().id) == ["sent"]
        assert told(await house.only()) == [(1, "first", "unauthorised"), (2, "second", "accepted")]
        assert at.store.claimed == at.store.intended == [letter().id]


# What is added plainly, and waits for a claim.


async def test_before_the_first_claim_nobody_knows_what_waits_and_it_is_claimed(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        at = Station(house)
        earlier, entry = letters(2)
        await house.add(earlier)
        assert await at.add(entry) == [Receipt(entry.id, "queued")]
        assert (await house.record(entry.id)).attempts == ()
        at.start()
        assert await settled(house, earlier.id, entry.id) == ["sent", "sent"]
        assert at.store.claimed == [earlier.id, entry.id]
        await at.stop()


async def test_what_is_scheduled_waits_for_its_time(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        async with at_work(house) as at:
            entry = letter(due_at=NOW + 60)
            assert await at.add(entry) == [Receipt(entry.id, "scheduled")]
            assert await at.begun(letter(1)) == [True]  # nothing that is due waits behind it
            assert await settled(house, letter(1).id) == ["sent"]
            record = await house.record(entry.id)
            assert (record.status, record.attempts) == ("scheduled", ())
        house.desk.draining = False
        await house.clock.advance(60)
        await house.attempt()
        assert (await house.record(entry.id)).status == "sent"


async def test_what_belongs_to_a_pool_that_is_not_known_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        entry = letter(pool="gone.example.com")
        assert await at.begun(entry) == [False]
        await at.nothing_waits()
        record = await house.store.find(entry.id, None)
        assert record is not None
        assert (record.status, record.attempts) == ("queued", ())


async def test_what_comes_while_the_desk_is_drained_waits_for_the_next_start(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        async with at_work(house) as at:
            assert await at.stop() == 0
            assert await at.add(letter()) == [Receipt(letter().id, "queued")]
            assert await at.in_flight() == 0
        house.desk.draining = False
        await house.attempt()
        record = await house.only()
        assert (record.status, told(record)) == ("sent", [(1, "first", "accepted")])


async def test_what_finds_a_process_that_nobody_counts_on_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        house.desk.beat_at = house.clock.monotonic() - LONG_S
        assert await at.begun(letter()) == [False]


def takes_the_place(house: Office) -> None:
    house.desk.started(POOL, ALONE[0], NOW)


def leaves_the_place(house: Office) -> None:
    house.desk.ended(POOL, "first")


def pauses(house: Office) -> None:
    house.desk.switched({POOL: {"first": Switch(held="pause")}})


def resumes(house: Office) -> None:
    house.desk.switched({})


def switches_off(house: Office) -> None:
    off = msgspec.structs.replace(ALONE[0], enabled=False)
    house.desk.reconfigure({POOL: Rules(POOL, candidates=(off,))}, house.desk.carriers)


def switches_on(house: Office) -> None:
    house.desk.reconfigure({POOL: Rules(POOL, candidates=ALONE)}, house.desk.carriers)


def opens_the_circuit(house: Office) -> None:
    house.desk.observe(POOL, Fact.of("first", Unauthorised(401), NOW, NOW))


def passes_a_probe(house: Office) -> None:
    now = NOW + SENSITIVE.probe_every_s
    house.clock.jump(SENSITIVE.probe_every_s)
    house.desk.probing(POOL, "first")
    house.desk.observe(POOL, Fact.of("first", Accepted(200), now, now, spends=False, probe=True))


@pytest.mark.parametrize(
    ("hinders", "helps"),
    [
        (takes_the_place, leaves_the_place),
        (pauses, resumes),
        (switches_off, switches_on),
        (opens_the_circuit, passes_a_probe),
    ],
    ids=["busy", "paused", "switched off", "its circuit is open"],
)
async def test_what_no_provider_would_have_now_waits_and_is_not_lost(
    tmp_path: Path, hinders: Callable[[Office], None], helps: Callable[[Office], None]
) -> None:
    async with office(tmp_path, candidates=ALONE, breaker=SENSITIVE) as house:
        async with at_work(house) as at:
            hinders(house)
            before = house.desk.board(POOL).standing("first").in_flight
            assert await at.add(letter()) == [Receipt(letter().id, "queued")]
            assert house.desk.board(POOL).standing("first").in_flight == before
            record = await house.only()
            assert (record.status, record.attempts) == ("queued", ())
        house.desk.draining = False
        helps(house)
        await house.attempt()
        record = await house.only()
        assert (record.status, told(record)) == ("sent", [(1, "first", "accepted")])


# Who waits is not overtaken.


@pytest.mark.parametrize("looked", [False, True], ids=["the worker has not looked since", "it has"])
async def test_who_comes_after_one_that_waits_waits_behind_it_and_another_pool_does_not(
    tmp_path: Path, looked: bool
) -> None:
    async with office(tmp_path, candidates=ALONE) as house:
        gate, others = Gate(), second_pool(house)
        house.carriers["first"].acts = [gate]
        first, second, third, fourth = letters(4)
        async with at_work(house) as at:
            await at.nothing_waits(OTHER_POOL)
            assert await at.begun(first) == [True]
            await gate.reached(lambda gate: gate.waiting == 1)
            if looked:
                assert await at.added(second) == [False]  # its provider is busy
            at.store.keeps_claims_waiting()
            if not looked:
                assert await at.begun(second) == [False]
            gate.open()
            assert await settled(house, first.id) == ["sent"]
            await at.store.asked.wait()

            # There is a place now, and the one that waits for it has not been claimed yet.
            assert house.desk.board(POOL).room(NOW) == 1
            assert await at.begun(third) == [False]
            assert house.desk.board(POOL).room(NOW) == 1
            other = letter(9, pool=OTHER_POOL)
            assert await at.begun(other) == [True]
            await house.store.settled(other.id, 20.0)
            assert sent(others) == [other.id]

            at.store.claims.set()
            assert await settled(house, second.id, third.id) == ["sent", "sent"]
            await at.nothing_waits()
            assert await at.begun(fourth) == [True]
            assert await settled(house, fourth.id) == ["sent"]
            assert at.store.claimed == [second.id, third.id]
        assert sent(house.carriers["first"]) == [entry.id for entry in (first, second, third, fourth)]


async def test_what_comes_while_all_places_of_the_worker_are_taken_is_not_overtaken_either(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        first, second, third = letters(3)
        async with at_work(house, capacity=1) as at:
            assert await at.begun(first) == [True]
            await gate.reached(lambda gate: gate.waiting == 1)
            assert await at.begun(second) == [False]
            assert (await house.record(second.id)).status == "queued"
            at.store.keeps_claims_waiting()
            gate.open()
            assert await settled(house, first.id) == ["sent"]
            await at.store.asked.wait()
            assert await at.begun(third) == [False]
            at.store.claims.set()
            assert await settled(house, second.id, third.id) == ["sent", "sent"]
        assert sent(house.carriers["first"]) == [first.id, second.id, third.id]


async def test_what_is_on_the_short_way_counts_where_the_next_are_claimed(tmp_path: Path) -> None:
    async with office(tmp_path, candidates=ALONE) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 3
        async with at_work(house) as at:
            entries = letters(3)
            assert await at.begun(*entries) == [True, False, False]
            await gate.reached(lambda gate: gate.waiting == 1)
            gate.open()
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 3
        assert gate.most == 1
        assert sent(house.carriers["first"]) == [entry.id for entry in entries]


# What the worker has room for.


async def test_no_more_are_in_hand_than_the_worker_has_capacity_for(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 3
        entries = letters(3)
        async with at_work(house, capacity=2) as at:
            adding = [at.express.add([entry]) for entry in entries]  # all of them before the first is on disk
            answers = [receipts(await one)[0].begun for one in adding]
            assert answers == [True, True, False]
            await gate.reached(lambda gate: gate.waiting == 2)
            gate.open()
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 3
            assert at.store.claimed == [entries[2].id]
        assert gate.most == 2


async def test_of_many_in_one_batch_no_more_are_in_hand_than_the_worker_has_capacity_for(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 50
        entries = letters(50)
        async with at_work(house, capacity=7) as at:
            assert await at.begun(*entries) == [True] * 7 + [False] * 43
            await gate.reached(lambda gate: gate.waiting == 7)
            gate.open()
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 50
        assert gate.most == 7
        assert len(house.carriers["first"].sent) == 50


async def test_no_more_bytes_are_in_hand_than_allowed(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 4
        entries = letters(4)
        async with at_work(house, max_bytes=3 * len(entries[0].content) - 1) as at:
            assert await at.begun(*entries) == [True, True, False, False]
            await gate.reached(lambda gate: gate.waiting >= 2)
            gate.open()
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 4


async def test_one_that_is_larger_than_all_the_worker_may_hold_is_claimed(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house, max_bytes=1) as at:
        assert await at.begun(letter()) == [False]
        assert await settled(house, letter().id) == ["sent"]
        assert at.store.claimed == [letter().id]


async def test_of_several_pools_none_holds_more_than_it_leaves_free(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        second_pool(house, concurrency=1000).acts = [gate] * 1000
        house.carriers["first"].acts = [gate] * 1000
        async with at_work(house, capacity=40) as at:
            await at.nothing_waits(OTHER_POOL)
            assert (await at.added(*letters(100, pool=OTHER_POOL))).count(True) == 20
            assert (await at.begun(*letters(100, first=100))).count(True) == 10
            await gate.reached(lambda gate: gate.waiting == 30)
            gate.open()
            assert await settled(house, *[entry.id for entry in letters(100, first=100)]) == ["sent"] * 100


async def test_of_several_pools_none_holds_more_bytes_than_it_leaves_free(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        second_pool(house, concurrency=1000).acts = [gate] * 1000
        size = len(letter().content)
        async with at_work(house, max_bytes=6 * size) as at:
            await at.nothing_waits(OTHER_POOL)
            assert (await at.added(*letters(10, pool=OTHER_POOL))).count(True) == 3
            assert await at.begun(letter(100)) == [True]
            assert await settled(house, letter(100).id) == ["sent"]
            gate.open()


async def test_what_a_claim_under_way_may_bring_counts_as_taken(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house, capacity=2) as at:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 10
        at.store.keeps_claims_waiting()
        waiting, entries = letter(9), letters(4)
        await house.add(waiting)  # the worker looks
        await at.store.asked.wait()
        assert await at.begun(*entries) == [True, False, False, False]
        at.store.claims.set()
        await gate.reached(lambda gate: gate.waiting == 2)
        gate.open()
        assert await settled(house, *[entry.id for entry in (waiting, *entries)]) == ["sent"] * 5
        assert gate.most == 2


async def test_what_had_to_wait_while_a_claim_was_under_way_is_not_passed_where_the_claim_may_have_missed_it(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        at.store.keeps_claims_waiting()
        await house.add(letter(9))  # the worker looks
        await at.store.asked.wait()
        at.worker.waits(POOL)
        at.store.claims.set()
        await asyncio.sleep(0)  # this claim goes on, and the next one waits
        at.store.keeps_claims_waiting()
        await at.store.asked.wait()
        assert at.store.claimed == [letter(9).id]
        assert not at.worker.has_room(POOL, 0)
        at.store.claims.set()
        await at.nothing_waits()


async def test_a_place_that_comes_free_is_for_whoever_came_while_there_was_none(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house, capacity=1) as at:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        assert await at.begun(letter(1)) == [True]
        await gate.reached(lambda gate: gate.waiting == 1)
        looks = at.store.looks
        await house.add(letter(2))  # by another way than through here, as what another process takes in
        assert at.store.looks == looks
        await turns()
        gate.open()
        async with asyncio.timeout(10):
            while at.worker._messages:  # noqa: ASYNC110  the very moment in which it ends
                await asyncio.sleep(0)
        assert not at.worker.has_room(POOL, 0)
        assert await settled(house, letter(1).id, letter(2).id) == ["sent", "sent"]


async def test_after_a_claim_that_failed_nobody_knows_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(request: ClaimRequest) -> list[Claim]:
        raise StoreDown("the store is away")

    async with office(tmp_path) as house, at_work(house) as at:
        with monkeypatch.context() as patch:
            patch.setattr(at.store, "claim", away, raising=False)
            slept = len(house.clock.slept)
            await house.add(letter(9))  # the worker looks
            await house.clock.sleeping(slept + 1)
            assert not at.worker.has_room(POOL, 0)
        await house.clock.advance(working.DOWN_S)
        assert await settled(house, letter(9).id) == ["sent"]


async def turns() -> None:
    """Let everybody go as far as they get."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_is_claimed_and_not_started_yet_keeps_its_place(tmp_path: Path) -> None:
    async with office(tmp_path, candidates=(Candidate("first", concurrency=2),)) as house, at_work(house) as at:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 3
        begin = at.worker._begin

        def begin_and(claims: list[Claim]) -> None:
            begin(claims)
            if claims:  # a request that is ready in the same turn of the loop runs before the attempts do
                at.worker._begin = begin  # type: ignore[method-assign]
                at.express.add(letters(2, first=5))

        at.worker._begin = begin_and  # type: ignore[method-assign]
        await house.add(letter(0))
        await gate.reached(lambda gate: gate.waiting == 2)
        assert letter(0).id in sent(house.carriers["first"])
        gate.open()


async def test_where_each_start_counts_nothing_takes_the_short_way_and_a_replay_spends_no_pace(tmp_path: Path) -> None:
    paced = (Candidate("first", rate=Rate(1, 3600.0)),)
    async with office(tmp_path, candidates=paced) as house, at_work(house) as at:
        assert await at.added(letter(once=key(), due_at=NOW + LONG_S)) == [False]
        (receipt,) = await at.add(letter(1, once=key()))
        assert receipt.replayed
        assert house.desk.board(POOL).standing("first").tempo.ready_at <= NOW
        assert await at.begun(letter(2)) == [False]
        assert await settled(house, letter(2).id) == ["sent"]


# What was not begun after all gives its place back.


async def test_a_request_that_came_before_sends_nothing_and_keeps_no_place(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        assert await at.begun(letter(once=key())) == [True]
        again, fresh = letter(1, once=key()), letter(2)
        assert await at.add(again, fresh) == [
            Receipt(letter().id, "queued", replayed=True),
            Receipt(fresh.id, "queued", begun=True),
        ]
        assert await settled(house, letter().id, fresh.id) == ["sent", "sent"]
        assert await at.in_flight() == 0
        assert sent(house.carriers["first"]) == [letter().id, fresh.id]
        assert await house.store.find(again.id, POOL) is None


async def test_another_message_under_the_same_key_is_not_sent_and_keeps_no_place(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house, capacity=1) as at:
        await at.add(letter(once=key()))
        assert await settled(house, letter().id) == ["sent"]
        adding = at.express.add([letter(1, once=key(digest=b"another"))])
        assert house.desk.board(POOL).standing("first").in_flight == 1
        assert await adding == [Mismatch(letter().id)]
        await at.nothing_waits()
        assert await at.begun(letter(2)) == [True]
        assert await settled(house, letter(2).id) == ["sent"]
        assert await at.in_flight() == 0
        assert sent(house.carriers["first"]) == [letter().id, letter(2).id]


async def test_one_for_a_suppressed_recipient_is_not_sent_and_keeps_no_place(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        await house.store.suppress([suppression("ann@example.org")])
        assert await at.add(letter()) == [Receipt(letter().id, "queued")]
        assert await settled(house, letter().id) == ["suppressed"]
        assert await at.in_flight() == 0
        assert house.carriers["first"].sent == []
        assert (await house.only()).attempts == ()
