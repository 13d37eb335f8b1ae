"""What an operator switches, from the store to the attempts of a worker."""

import asyncio
from pathlib import Path

import pytest

from posthouse.delivery import tail
from posthouse.delivery.attempt import attempt
from posthouse.delivery.probe import probe
from posthouse.delivery.tail import follow, following
from posthouse.routing.outcome import Deferred
from posthouse.routing.rules import BreakerRules
from posthouse.routing.switch import ON, Failing, Switch
from posthouse.store.contract import StoreDown
from posthouse.store.values import Switching
from tests.delivery.clock import NOW
from tests.delivery.office import TIMEOUT_S, Office, office
from tests.store.letters import POOL, letter, letters

PAUSED = Switch("pause", "they asked us to", "ops", NOW)


async def switched(house: Office, provider: str, switch: Switch) -> None:
    await house.store.switch([Switching(POOL, provider, switch)])
    await follow(house.desk, house.store)


def failing(mode: str, **more: object) -> Switch:
    return Switch(failing=Failing(mode, **more))  # type: ignore[arg-type]


async def test_a_paused_provider_carries_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        await switched(house, "first", PAUSED)
        await house.add(letter())
        await house.attempt()
        assert (await house.only()).provider == "second"
        await switched(house, "first", ON)
        await house.add(letter(1))
        await house.attempt()
        assert len(house.carriers["first"].sent) == 1


async def test_what_was_switched_holds_for_a_pool_nobody_asked_for_yet(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        await switched(house, "first", PAUSED)
        assert house.desk.board(POOL).switch("first") == PAUSED


async def test_the_tail_looks_again_and_outlives_a_store_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as house:
        following_it = asyncio.create_task(following(house.desk, house.store))
        await house.clock.sleeping(1)
        read = house.store.switches

        async def down() -> dict[str, dict[str, Switch]]:
            raise StoreDown("the disk is full")

        monkeypatch.setattr(house.store, "switches", down)
        await house.clock.advance(tail.EVERY_S)
        await house.clock.sleeping(2)
        monkeypatch.setattr(house.store, "switches", read)
        await house.store.switch([Switching(POOL, "first", PAUSED)])
        await house.clock.advance(tail.EVERY_S)
        await house.clock.sleeping(3)
        assert house.desk.board(POOL).switch("first") == PAUSED
        following_it.cancel()


def test_the_tail_is_within_a_second() -> None:
    assert tail.EVERY_S < 1.0


@pytest.mark.parametrize(
    ("mode", "outcome", "status"),
    [("error", "deferred", 503), ("throttle", "throttled", 429), ("unauthorised", "unauthorised", 401)],
)
async def test_a_simulated_failure_sends_nothing_and_the_next_provider_takes_over(
    tmp_path: Path, mode: str, outcome: str, status: int
) -> None:
    async with office(tmp_path) as house:
        await switched(house, "first", failing(mode))
        await house.add(letter())
        await house.attempt()
        await house.attempt()
        record = await house.only()
        assert (record.status, record.provider) == ("sent", "second")
        first = record.attempts[0]
        assert (first.provider, first.outcome, first.status) == ("first", outcome, status)
        assert first.detail == "simulated failure"
        assert house.carriers["first"].sent == []


async def test_a_simulated_timeout_takes_as_long_as_a_real_one_and_leaves_the_same_doubt(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        await switched(house, "first", failing("timeout"))
        claim = await house.claimed()
        trying = asyncio.create_task(attempt(claim, house.desk))
        await house.clock.sleeping(1)
        assert house.clock.slept == [TIMEOUT_S]
        await house.clock.advance(TIMEOUT_S)
        await trying
        record = await house.only()
        assert [a.outcome for a in record.attempts] == ["unsure"]
        await house.attempt()
        assert (await house.only()).possible_duplicate


async def test_a_simulated_failure_ends_by_itself_and_fails_only_its_share(tmp_path: Path) -> None:
    async with office(tmp_path, breaker=BreakerRules(failures=10**9, min_calls=10**9, health=0.0)) as house:
        await switched(house, "first", failing("error", rate=0.5, until=NOW + 60))
        await house.add(*letters(200))
        await house.attempt()
        passed = len(house.carriers["first"].sent)
        assert 60 <= passed <= 140
        await house.clock.advance(60)
        await house.attempt()
        await house.add(letter(1000))
        await house.attempt()
        assert len(house.carriers["first"].sent) == passed + 1


async def test_a_probe_meets_the_simulated_failure_too(tmp_path: Path) -> None:
    """Or the circuit would close again while the exercise goes on."""
    async with office(tmp_path, breaker=BreakerRules(failures=1)) as house:
        house.carriers["first"].acts = [Deferred(503)]
        await house.add(letter())
        await house.attempt()
        await switched(house, "first", failing("error"))
        await house.clock.advance(5)
        await probe(house.desk, POOL, "first")
        assert house.carriers["first"].probes == 0
        assert house.desk.board(POOL).standing("first").circuit.opened_at is not None
