"""The short way in trouble: answers that are lost, callers that leave, processes that stand still, stop or die."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from posthouse.delivery import worker as working
from posthouse.delivery.attempt import AGAIN_S
from posthouse.delivery.express import LATE_S, Written
from posthouse.delivery.sweep import sweep
from posthouse.mail.message import Envelope
from posthouse.routing.outcome import Accepted
from posthouse.store.contract import StoreDown
from posthouse.store.values import Claim, ClaimRequest, Entry, Mismatch, Receipt
from tests.delivery.clock import NOW
from tests.delivery.office import TIMEOUT_S, Gate, Office, office
from tests.delivery.station import at_work, sent, told
from tests.delivery.test_worker import LONG_S, settled
from tests.store.letters import POOL, letter, letters, receipts


@pytest.fixture(autouse=True)
def never_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a signal wakes a worker."""
    monkeypatch.setattr(working, "IDLE_S", LONG_S)


class Unanswering:
    """An inbox that fails the first time. writes: whether all is written down before it does."""

    def __init__(self, house: Office, error: BaseException, *, writes: bool) -> None:
        self._store, self._errors, self._writes = house.store, [error], writes

    def add(self, entries: Sequence[Entry]) -> Written:
        return asyncio.ensure_future(self._added(entries))

    async def _added(self, entries: Sequence[Entry]) -> list[Receipt | Mismatch]:
        if not self._errors:
            return await self._store.add(entries)
        if self._writes:
            await self._store.add(entries)
        raise self._errors.pop()


LOST = StoreDown("whether its last commit took place is not known", lost=True)


async def test_where_only_the_answer_was_lost_it_is_given_back_and_sent_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as house, at_work(house, Unanswering(house, LOST, writes=True)) as at:
        with pytest.raises(StoreDown):
            await at.express.add([letter()])
        await house.clock.sleeping(2)  # the first to sleep is the renewing of leases
        record = await house.only()
        assert (record.status, told(record)) == ("sending", [(1, "first", None)])
        assert house.carriers["first"].sent == []
        await house.clock.advance(AGAIN_S)
        assert await settled(house, letter().id) == ["sent"]
        record = await house.only()
        assert told(record) == [(1, "first", "deferred"), (2, "first", "accepted")]
        assert record.possible_duplicate is False
        assert at.store.claimed == [letter().id]
        assert sent(house.carriers["first"]) == [letter().id]
        assert await at.in_flight() == 0
    assert caplog.messages.count("an attempt could not be written down; nothing was sent") == 1


async def test_where_it_was_not_written_down_after_all_there_is_nothing_to_give_back(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house, Unanswering(house, LOST, writes=False)) as at:
        with pytest.raises(StoreDown):
            await at.express.add([letter()])
        for tries in range(int(LATE_S / AGAIN_S)):
            await house.clock.sleeping(2 + tries)
            await house.clock.advance(AGAIN_S)
        assert await at.in_flight() == 0
        assert await house.store.find(letter().id, POOL) is None
        assert house.carriers["first"].sent == []


async def test_where_the_commit_takes_place_after_its_answer_was_lost_it_is_given_back_then(tmp_path: Path) -> None:
    came = list[Entry]()

    class Late:
        def add(self, entries: Sequence[Entry]) -> Written:
            came.extend(entries)
            lost: Written = asyncio.get_running_loop().create_future()
            lost.set_exception(LOST)
            return lost

    async with office(tmp_path) as house, at_work(house, Late()) as at:
        with pytest.raises(StoreDown):
            await at.express.add([letter()])
        await house.clock.sleeping(2)
        await house.clock.advance(AGAIN_S)
        await house.clock.sleeping(3)  # it was not there yet
        await house.add(*came)
        assert told(await house.only()) == [(1, "first", None)]
        await house.clock.advance(AGAIN_S)
        assert await settled(house, letter().id) == ["sent"]
        record = await house.only()
        assert told(record) == [(1, "first", "deferred"), (2, "first", "accepted")]
        assert record.possible_duplicate is False


async def test_an_inbox_that_fails_at_once_keeps_no_place(tmp_path: Path) -> None:
    class Broken:
        def add(self, entries: Sequence[Entry]) -> Written:
            raise RuntimeError

    async with office(tmp_path) as house, at_work(house, Broken()) as at:
        with pytest.raises(RuntimeError):
            at.express.add([letter()])
        assert await at.in_flight() == 0


async def test_what_the_store_did_not_take_is_neither_given_back_nor_sent_and_keeps_no_place(tmp_path: Path) -> None:
    full = StoreDown("the disk is full")
    async with office(tmp_path) as house, at_work(house, Unanswering(house, full, writes=False), capacity=2) as at:
        with pytest.raises(StoreDown):
            await at.express.add(letters(2))
        await at.nothing_waits()
        others = letters(2, first=2)
        assert await at.begun(*others) == [True, True]
        assert await settled(house, *[entry.id for entry in others]) == ["sent", "sent"]
        assert await at.in_flight() == 0
        assert AGAIN_S not in house.clock.slept
        assert sent(house.carriers["first"]) == [entry.id for entry in others]


async def test_a_fault_of_ours_keeps_no_place(tmp_path: Path) -> None:
    fault = RuntimeError("broken")
    async with office(tmp_path) as house, at_work(house, Unanswering(house, fault, writes=False)) as at:
        with pytest.raises(RuntimeError):
            await at.express.add([letter()])
        assert await at.in_flight() == 0
        assert house.carriers["first"].sent == []


async def test_what_nobody_waits_for_any_more_is_sent_once_all_the_same(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        entries, asked = letters(2), asyncio.Event()

        async def hand_in() -> None:
            adding = at.express.add(entries)
            asked.set()
            await adding

        handing_in = asyncio.create_task(hand_in())
        await asked.wait()
        handing_in.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handing_in
        await house.add(letter(9, due_at=NOW + LONG_S))  # what was asked for before is on disk when this is
        assert await settled(house, *[entry.id for entry in entries]) == ["sent", "sent"]
        assert sorted(sent(house.carriers["first"])) == [entry.id for entry in entries]
        records = [await house.record(entry.id) for entry in entries]
        assert [told(record) for record in records] == [[(1, "first", "accepted")]] * 2
        assert not any(record.possible_duplicate for record in records)
        assert await at.in_flight() == 0


# Standing still, stopping, dying.


class Late:
    """An inbox whose answer comes after something has happened."""

    def __init__(self, house: Office, happens: Callable[[], Awaitable[None]]) -> None:
        self._store, self._happens = house.store, happens

    def add(self, entries: Sequence[Entry]) -> Written:
        return asyncio.ensure_future(self._added(entries))

    async def _added(self, entries: Sequence[Entry]) -> list[Receipt | Mismatch]:
        answers = await self._store.add(entries)
        await self._happens()
        return answers


async def test_what_leaves_in_time_is_not_renewed_first(tmp_path: Path) -> None:
    async with office(tmp_path) as house:

        async def takes_its_time() -> None:
            house.clock.jump(house.desk.lease_s - TIMEOUT_S)

        async with at_work(house, Late(house, takes_its_time)) as at:
            await at.add(letter())
            assert await settled(house, letter().id) == ["sent"]
            assert at.store.renewed == []


async def test_after_standing_still_the_lease_is_renewed_before_the_first_byte(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        until = list[float]()

        async def stands_still() -> None:
            house.clock.jump(house.desk.lease_s - TIMEOUT_S + 1)

        async def looks(envelope: Envelope) -> Accepted:
            until.append(house.clock.now() + house.desk.lease_s)
            assert await house.store.sweep(ClaimRequest(10, 10**6, until[0] - 1, 90.0)) == []
            return Accepted(200)

        house.carriers["first"].acts = [looks]
        async with at_work(house, Late(house, stands_still)) as at:
            await at.add(letter())
            assert await settled(house, letter().id) == ["sent"]
            assert at.store.renewed == [letter().id]
            assert len(until) == 1


async def test_after_standing_still_until_somebody_else_has_it_nothing_is_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        theirs = list[Claim]()

        async def stands_still() -> None:
            house.clock.jump(house.desk.lease_s)
            theirs.extend(await house.store.sweep(ClaimRequest(10, 10**6, house.clock.now(), 90.0)))

        async with at_work(house, Late(house, stands_still)) as at:
            await at.add(letter())
            assert await at.in_flight() == 0
            assert at.store.renewed == [letter().id]
            assert house.carriers["first"].sent == []
            (claim,) = theirs
            assert (claim.fence, claim.opened is not None) == (2, True)
            assert told(await house.only()) == [(1, "first", None)]  # theirs to judge


async def test_a_drain_waits_for_what_is_on_the_short_way(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        adding = at.express.add([letter()])
        draining = asyncio.create_task(at.stop())
        await gate.reached(lambda gate: gate.waiting == 1)
        assert receipts(await adding)[0].begun
        assert not draining.done()
        gate.open()
        assert await draining == 0
        assert (await house.only()).status == "sent"


async def test_a_drain_waits_for_the_disk_too_and_what_was_on_its_way_there_is_sent(tmp_path: Path) -> None:
    asked, answers = asyncio.Event(), asyncio.Event()

    async def takes_long() -> None:
        asked.set()
        await answers.wait()

    async with office(tmp_path) as house, at_work(house, Late(house, takes_long)) as at:
        adding = at.express.add([letter()])
        await asked.wait()
        draining = asyncio.create_task(at.stop())
        assert await house.store.waiting(NOW) == 0.0
        assert not draining.done()
        answers.set()
        assert await draining == 0
        assert receipts(await adding)[0].begun
        assert (await house.only()).status == "sent"


class Slow:
    """An inbox whose answer comes when the test says so. Made inside an event loop."""

    def __init__(self) -> None:
        self.written: Written = asyncio.get_running_loop().create_future()

    def add(self, entries: Sequence[Entry]) -> Written:
        return self.written


async def test_a_drain_whose_time_runs_out_leaves_the_callers_their_answer(tmp_path: Path) -> None:
    slow = Slow()
    async with office(tmp_path) as house, at_work(house, slow) as at:
        adding = at.express.add([letter()])
        assert await at.stop(0.0) == 1
        slow.written.set_exception(StoreDown("the disk failed", fatal=True))
        with pytest.raises(StoreDown):
            await adding


async def test_what_is_answered_when_the_time_to_drain_is_over_begins_no_more(tmp_path: Path) -> None:
    slow = Slow()
    async with office(tmp_path) as house, at_work(house, slow) as at:
        adding = at.express.add([letter()])
        assert await at.stop(0.0) == 1
        slow.written.set_result([Receipt(letter().id, "queued", begun=True)])
        assert receipts(await adding)[0].begun
        await house.store.waiting(NOW)
        assert house.carriers["first"].sent == []


async def test_what_does_not_end_in_time_is_left_as_begun(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house) as at:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        await at.add(letter())
        await gate.reached(lambda gate: gate.waiting == 1)
        assert await at.stop(0.01) == 1
        assert told(await house.only()) == [(1, "first", None)]


async def test_what_was_begun_and_never_sent_when_the_process_died_counts_as_doubt(tmp_path: Path) -> None:
    written = asyncio.Event()

    async def dies() -> None:
        written.set()
        await asyncio.Event().wait()

    async with office(tmp_path) as house, at_work(house, Late(house, dies)) as at:
        at.express.add([letter()])
        await written.wait()
    assert house.carriers["first"].sent == []
    async with office(tmp_path) as house:
        assert await sweep(house.desk) == 1
        record = await house.only()
        assert (record.status, told(record)) == ("queued", [(1, "first", "unsure")])
        await house.attempt()
        record = await house.only()
        assert (record.status, record.possible_duplicate) == ("sent", True)
        assert told(record) == [(1, "first", "unsure"), (2, "second", "accepted")]
