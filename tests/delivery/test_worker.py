import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from posthouse.delivery import worker as working
from posthouse.delivery.worker import Worker
from posthouse.routing.outcome import Accepted, Deferred
from posthouse.store.contract import StoreDown
from posthouse.store.values import Claim, ClaimRequest, Renewal
from tests.delivery.clock import NOW
from tests.delivery.office import Gate, Office, office
from tests.store.letters import letter, letters

LONG_S = 3600.0


@asynccontextmanager
async def at_work(house: Office, **limits: Any) -> AsyncIterator[Worker]:
    worker = Worker(house.desk, **limits)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await worker.drain(0.0)


async def settled(house: Office, *ids: str) -> list[str]:
    """The status of each, once it is final."""
    await asyncio.gather(*[house.store.settled(message_id, 20.0) for message_id in ids])
    return [(await house.record(message_id)).status for message_id in ids]


@pytest.fixture
def never_looks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a signal wakes a worker."""
    monkeypatch.setattr(working, "IDLE_S", LONG_S)


@pytest.mark.usefixtures("never_looks_by_itself")
async def test_what_is_added_is_taken_up_at_once(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house):
        for entry in letters(3):
            await house.add(entry)
            assert await settled(house, entry.id) == ["sent"]


@pytest.mark.usefixtures("never_looks_by_itself")
async def test_what_goes_elsewhere_is_taken_up_at_once(tmp_path: Path) -> None:
    async with office(tmp_path) as house, at_work(house):
        house.carriers["first"].acts = [Deferred(503)]
        entry = letter()
        await house.add(entry)
        assert await settled(house, entry.id) == ["sent"]


@pytest.mark.usefixtures("never_looks_by_itself")
async def test_what_waits_already_when_it_starts_is_taken_up(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        entries = letters(10)
        await house.add(*entries)
        async with at_work(house):
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 10


async def test_what_becomes_due_by_time_alone_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "IDLE_S", 0.001)
    async with office(tmp_path) as house, at_work(house):
        entry = letter(due_at=NOW + 60)
        await house.add(entry)
        await house.clock.advance(60)
        assert await settled(house, entry.id) == ["sent"]


@pytest.mark.usefixtures("never_looks_by_itself")
async def test_never_more_are_in_hand_than_it_has_capacity_for(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 50
        entries = letters(50)
        await house.add(*entries)
        async with at_work(house, capacity=7):
            await gate.reached(lambda gate: gate.waiting == 7)
            gate.open()
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 50
        assert gate.most == 7


async def test_never_more_are_at_a_provider_than_it_may_have_and_none_spill_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "IDLE_S", 0.001)
    async with office(tmp_path, concurrency=3) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 40
        entries = letters(40)
        await house.add(*entries)
        async with at_work(house):
            await gate.reached(lambda gate: gate.waiting == 3)
            gate.open()
            while (await house.store.waiting(NOW + LONG_S)) > 0:  # those that wait for a place ask again in a moment
                await house.clock.advance(1)
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 40
        assert gate.most == 3
        assert house.carriers["second"].sent == []


def one_waits(passed: int, gate: Gate) -> bool:
    return gate.waiting == 1 and gate.passed == passed


@pytest.mark.usefixtures("never_looks_by_itself")
async def test_never_more_bytes_are_in_hand_than_allowed_but_always_one_message(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 4
        entries = letters(4)
        await house.add(*entries)
        async with at_work(house, max_bytes=1):
            for passed in range(4):
                await gate.reached(partial(one_waits, passed))
                # What the worker has asked the store for by now, it has when this is written.
                await house.add(letter(10 + passed, due_at=NOW + LONG_S))
                assert gate.waiting == 1
                gate.open()
                gate._open.clear()
            assert await settled(house, *[entry.id for entry in entries]) == ["sent"] * 4
        assert gate.most == 1


@pytest.mark.usefixtures("never_looks_by_itself")
async def test_one_that_hangs_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        slow, *others = letters(6)
        await house.add(slow)
        async with at_work(house):
            await gate.reached(lambda gate: gate.waiting == 1)
            await house.add(*others)
            assert await settled(house, *[entry.id for entry in others]) == ["sent"] * 5
            assert (await house.record(slow.id)).status == "sending"
            gate.open()
            assert await settled(house, slow.id) == ["sent"]


# Leases.


async def test_the_leases_of_what_takes_long_are_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as house:
        gate, renewed = Gate(), list[list[Renewal]]()
        told = asyncio.Event()
        renew = house.store.renew

        async def seen(items: list[Renewal]) -> list[bool]:
            renewed.append(items)
            answers = await renew(items)
            told.set()
            return answers

        monkeypatch.setattr(house.store, "renew", seen)
        house.carriers["first"].acts = [gate]
        await house.add(letter())
        async with at_work(house):
            await gate.reached(lambda gate: gate.waiting == 1)
            for count in (1, 2, 3, 4):
                await house.clock.sleeping(count)
                told.clear()
                await house.clock.advance(house.desk.lease_s / 3)
                await told.wait()
                assert renewed[-1][0].until == house.clock.now() + house.desk.lease_s
            assert await house.store.sweep(ClaimRequest(10, 10**6, house.clock.now(), 90.0)) == []
            gate.open()
            assert await settled(house, letter().id) == ["sent"]


@pytest.mark.parametrize("error", [StoreDown("the disk is full"), LookupError("a fault of ours")])
async def test_a_renewal_that_fails_is_tried_again_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async with office(tmp_path) as house, at_work(house):

        async def down(items: list[Renewal]) -> list[bool]:
            raise error

        monkeypatch.setattr(house.store, "renew", down)
        for count in (1, 2, 3):
            await house.clock.sleeping(count)
            await house.clock.advance(house.desk.lease_s / 3)
        await house.clock.sleeping(4)
    assert caplog.messages.count("leases could not be renewed") == 3


# The store in trouble.


async def test_while_the_store_is_down_it_waits_and_goes_on_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as house:
        claim, failing = house.store.claim, 2

        async def sometimes(request: ClaimRequest) -> list[Claim]:
            nonlocal failing
            if failing:
                failing -= 1
                raise StoreDown("the disk is full")
            return await claim(request)

        monkeypatch.setattr(house.store, "claim", sometimes)
        await house.add(letter())
        async with at_work(house):
            for count in (2, 3):  # the first to sleep is the renewing of leases
                await house.clock.sleeping(count)
                await house.clock.advance(working.DOWN_S)
            assert await settled(house, letter().id) == ["sent"]
    assert caplog.messages.count("the store could not hand out messages") == 2


async def test_where_the_disk_has_failed_for_good_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as house:

        async def failed(request: ClaimRequest) -> list[Claim]:
            raise StoreDown("the disk failed", fatal=True)

        monkeypatch.setattr(house.store, "claim", failed)
        with pytest.raises(StoreDown):
            await Worker(house.desk).run()


async def test_an_attempt_that_breaks_is_told_and_its_message_left_to_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as house:
        broke = asyncio.Event()

        async def broken(*_: Any) -> None:
            broke.set()
            raise RuntimeError

        monkeypatch.setattr(working, "attempt", broken)
        await house.add(letter())
        async with at_work(house):
            await broke.wait()
            monkeypatch.undo()
            await house.add(letter(1))
            assert await settled(house, letter(1).id) == ["sent"]
        assert (await house.record(letter().id)).status == "queued"
    assert "an attempt was left unfinished" in caplog.messages


# Stopping.


async def test_what_has_begun_is_finished_and_what_has_not_is_given_back(tmp_path: Path) -> None:
    async with office(tmp_path, concurrency=2) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate] * 10
        entries = letters(10)
        await house.add(*entries)
        worker = Worker(house.desk)
        task = asyncio.create_task(worker.run())
        await gate.reached(lambda gate: gate.waiting == 2)
        task.cancel()
        draining = asyncio.create_task(worker.drain(20.0))
        gate.open()
        assert await draining == 0
        statuses = [(await house.record(entry.id)).status for entry in entries]
        assert sorted(statuses) == ["queued"] * 8 + ["sent"] * 2
        assert len(await house.store.claim(ClaimRequest(100, 10**6, NOW + LONG_S, 90.0))) == 8  # no lease is left


async def test_what_is_in_hand_and_has_not_begun_when_it_is_drained_never_begins(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        worker = Worker(house.desk)
        worker._begin([await house.claimed()])
        assert await worker.drain(20.0) == 0
        record = await house.only()
        assert (record.status, record.attempts) == ("queued", ())
        assert house.carriers["first"].sent == []


async def test_what_was_being_claimed_when_it_was_told_to_stop_goes_back_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as house:
        claim, leased, told = house.store.claim, asyncio.Event(), asyncio.Event()

        async def claim_late(request: ClaimRequest) -> list[Claim]:
            claims = await claim(request)
            leased.set()
            await told.wait()
            return claims

        monkeypatch.setattr(house.store, "claim", claim_late)
        await house.add(letter())
        worker = Worker(house.desk)
        task = asyncio.create_task(worker.run())
        await leased.wait()
        task.cancel()
        draining = asyncio.create_task(worker.drain(20.0))
        with pytest.raises(asyncio.CancelledError):
            await task
        told.set()
        assert await draining == 0
        assert house.carriers["first"].sent == []
        assert len(await claim(ClaimRequest(1, 10**6, NOW, 90.0))) == 1


async def test_what_does_not_end_in_time_is_left_as_begun(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate(Accepted(200))
        house.carriers["first"].acts = [gate]
        await house.add(letter())
        worker = Worker(house.desk)
        task = asyncio.create_task(worker.run())
        await gate.reached(lambda gate: gate.waiting == 1)
        task.cancel()
        assert await worker.drain(0.01) == 1
        record = await house.only()
        assert (record.status, record.attempts[0].outcome) == ("sending", None)


async def test_with_nothing_in_hand_there_is_nothing_to_drain(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        assert await Worker(house.desk).drain(LONG_S) == 0
