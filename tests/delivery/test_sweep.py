import asyncio
from pathlib import Path
from typing import Any

import pytest

from posthouse.delivery import sweep as rounds
from posthouse.delivery.attempt import attempt
from posthouse.delivery.sweep import Retention, retire, sweep, sweeping
from posthouse.delivery.worker import Worker
from posthouse.routing.outcome import Refused
from posthouse.routing.rules import BreakerRules
from posthouse.store.contract import StoreDown
from posthouse.store.values import Claim, Renewal
from tests.delivery.clock import NOW
from tests.delivery.office import Gate, Office, office
from tests.store.letters import DAY_S, POOL, claimed, intent, letter, letters


async def nothing_in_hand() -> None:
    """There is nothing to renew."""


async def left_behind(house: Office, **changes: Any) -> Claim:
    """A message whose attempt began, and whose process then ended; the lease has run out."""
    claim = await house.claimed(**changes)
    await house.store.intend([intent(claim, "first", house.clock.now())])
    await house.clock.advance(house.desk.lease_s)
    return claim


async def test_what_nobody_holds_any_more_and_was_not_begun_goes_back_to_the_queue(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        await house.clock.advance(house.desk.lease_s)
        assert await sweep(house.desk) == 1
        record = await house.only()
        assert (record.status, record.due_at, record.attempts) == ("queued", house.clock.now(), ())
        await house.attempt()
        assert (await house.record(claim.job.id)).possible_duplicate is False


async def test_what_is_still_held_is_left_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        await house.claimed()
        await house.clock.advance(house.desk.lease_s - 1)
        assert await sweep(house.desk) == 0


async def test_a_clock_that_was_set_back_since_the_round_began_takes_nothing_over(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        ahead = house.clock.now() + 3600
        await house.claimed()  # after the clock was set back
        assert await sweep(house.desk, ahead) == 0


async def test_what_was_begun_may_have_been_sent_and_is_marked_when_it_goes_elsewhere(tmp_path: Path) -> None:
    async with office(tmp_path, on_unsure="failover") as house:
        await left_behind(house)
        assert await sweep(house.desk) == 1
        record = await house.only()
        assert (record.status, record.possible_duplicate) == ("queued", False)
        assert [(a.provider, a.outcome) for a in record.attempts] == [("first", "unsure")]
        await house.attempt()
        record = await house.only()
        assert (record.status, record.possible_duplicate) == ("sent", True)
        assert [(a.number, a.provider, a.outcome) for a in record.attempts] == [
            (1, "first", "unsure"),
            (2, "second", "accepted"),
        ]


async def test_where_the_pool_says_so_it_is_held(tmp_path: Path) -> None:
    async with office(tmp_path, on_unsure="hold") as house:
        await left_behind(house)
        await sweep(house.desk)
        record = await house.only()
        assert (record.status, record.due_at) == ("held", None)
        assert [event.type for event in record.events] == ["accepted", "held"]
        await house.clock.advance(DAY_S)
        await house.attempt()
        assert not any(carrier.sent for carrier in house.carriers.values())


async def test_where_the_pool_says_so_the_same_provider_is_asked_again(tmp_path: Path) -> None:
    async with office(tmp_path, on_unsure="retry_same") as house:
        await left_behind(house)
        await sweep(house.desk)
        record = await house.only()
        assert record.status == "queued"
        assert record.due_at is not None
        assert record.due_at > house.clock.now()
        await house.clock.advance(record.due_at - house.clock.now())
        await house.attempt()
        record = await house.only()
        assert (record.status, record.possible_duplicate) == ("sent", True)
        assert [attempt.provider for attempt in record.attempts] == ["first", "first"]


async def test_nobody_is_blamed_for_what_was_left_behind(tmp_path: Path) -> None:
    async with office(tmp_path, breaker=BreakerRules(failures=1, min_calls=1)) as house:
        await left_behind(house)
        await sweep(house.desk)
        assert house.desk.circuits(house.clock.now())[POOL] == {"first": "closed", "second": "closed"}
        facts = await house.store.observations(NOW)
        assert [(fact.kind, fact.health) for fact in facts[POOL]] == [("unsure", 0)]


async def test_a_message_left_by_a_provider_that_is_gone_from_the_pool_is_taken_up_too(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        await house.store.intend([intent(claim, "gone", NOW)])
        await house.clock.advance(house.desk.lease_s)
        assert await sweep(house.desk) == 1
        await house.attempt()
        record = await house.only()
        assert (record.status, record.possible_duplicate) == ("sent", True)


async def test_what_was_left_behind_by_many_is_taken_up_batch_by_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "BATCH", 3)
    async with office(tmp_path) as house:
        claims = await claimed(house.store, *letters(10), now=house.clock.now())
        await house.store.intend([intent(claim, "first", NOW) for claim in claims[:5]])
        await house.clock.advance(house.desk.lease_s)
        assert await sweep(house.desk) == 10
        assert await sweep(house.desk) == 0
        assert len(await house.claim()) == 10


async def test_two_that_sweep_at_once_share_what_there_is(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        await claimed(house.store, *letters(20), now=house.clock.now())
        await house.clock.advance(house.desk.lease_s)
        assert sum(await asyncio.gather(sweep(house.desk), sweep(house.desk))) == 20


async def test_what_is_old_enough_is_forgotten_first_its_content_then_its_record(tmp_path: Path) -> None:
    retention = Retention(content_s=DAY_S, records_s=3 * DAY_S)
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [Refused("message", 400)]
        await house.add(letter(0), letter(1), letter(2, due_at=NOW + 30 * DAY_S))
        await house.attempt()
        assert await retire(house.desk, retention) == 0
        await house.clock.advance(DAY_S + 1)
        assert await retire(house.desk, retention) == 2  # two contents; the one that waits is left alone
        await house.clock.advance(2 * DAY_S)
        assert await retire(house.desk, retention) == 2  # two records
        assert (await house.only()).status == "scheduled"
        await house.clock.advance(30 * DAY_S)
        await house.attempt()
        assert (await house.only()).status in ("sent", "failed")


async def test_much_is_forgotten_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "BATCH", 2)
    async with office(tmp_path) as house:
        await house.add(*letters(5))
        await house.attempt()
        await house.clock.advance(DAY_S)
        assert await retire(house.desk, Retention(0.0, 0.0)) == 10


async def test_it_sweeps_again_and_again_also_after_the_store_was_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as house:
        await house.claimed()
        sweeper, down = asyncio.create_task(sweeping(house.desk, Retention(), nothing_in_hand)), True
        taken = house.store.sweep

        async def sometimes(request: Any) -> list[Claim]:
            if down:
                raise StoreDown("the disk is full")
            return await taken(request)

        monkeypatch.setattr(house.store, "sweep", sometimes)
        await house.clock.sleeping(1)
        await house.clock.advance(house.desk.lease_s)
        await house.clock.sleeping(2)
        assert "the sweep could not reach the store" in caplog.messages
        assert (await house.only()).status == "queued"
        down = False
        slept = len(house.clock.slept)
        await house.clock.advance(rounds.EVERY_S)
        await house.clock.sleeping(slept + 1)
        assert (await house.only()).due_at == house.clock.now()
        assert set(house.clock.slept) == {rounds.EVERY_S}
        sweeper.cancel()


async def test_where_the_disk_has_failed_for_good_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as house:

        async def failed(request: Any) -> list[Claim]:
            raise StoreDown("the disk failed", fatal=True)

        monkeypatch.setattr(house.store, "sweep", failed)
        with pytest.raises(StoreDown):
            await sweeping(house.desk, Retention(), nothing_in_hand)


async def test_an_attempt_that_goes_on_is_not_swept_while_its_lease_is_renewed(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        claim = await house.claimed()
        going_on = asyncio.create_task(attempt(claim, house.desk))
        await gate.reached(lambda gate: gate.waiting == 1)
        await house.clock.advance(house.desk.lease_s / 2)
        await house.store.renew([Renewal(claim.job.id, claim.fence, house.clock.now() + house.desk.lease_s)])
        await house.clock.advance(house.desk.lease_s / 2)
        assert await sweep(house.desk) == 0
        gate.open()
        await going_on
        assert (await house.only()).status == "sent"


@pytest.mark.parametrize("renewed", [True, False])
async def test_a_clock_that_is_set_ahead_takes_nothing_out_of_the_hands_of_its_own_process(
    tmp_path: Path, renewed: bool
) -> None:
    """Where the leases were not renewed first, it would: the message would be sent a second time, marked."""
    async with office(tmp_path, on_unsure="failover") as house:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        await house.add(letter())
        worker = Worker(house.desk)
        working = asyncio.create_task(worker.run())
        await gate.reached(lambda gate: gate.waiting == 1)
        house.clock.jump(3600.0)
        renew = worker.renew if renewed else nothing_in_hand
        slept = len(house.clock.slept)
        sweeper = asyncio.create_task(sweeping(house.desk, Retention(), renew))
        await house.clock.sleeping(slept + 1)
        record = await house.only()
        assert record.attempts[0].outcome == (None if renewed else "unsure")
        gate.open()
        for task in (sweeper, working):
            task.cancel()
        await worker.drain(5.0)
