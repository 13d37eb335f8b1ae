import asyncio
from pathlib import Path
from typing import Any

import pytest

from posthouse.delivery.attempt import attempt
from posthouse.delivery.desk import LEASE_S, Carrier, Desk
from posthouse.routing.board import Fact
from posthouse.routing.outcome import Accepted, Deferred, Throttled, Unauthorised
from posthouse.routing.rules import BreakerRules, Candidate, Rate, Rules
from posthouse.routing.switch import Switch
from posthouse.store.values import Switching
from tests.delivery.clock import NOW, FakeClock
from tests.delivery.office import Gate, Scripted, office
from tests.store.letters import OTHER_POOL, POOL, letter

RULES = Rules(
    POOL, candidates=(Candidate("first", concurrency=2),), breaker=BreakerRules(failures=2, min_calls=10, window_s=30)
)


class Nothing:
    """A store nobody asks."""


def desk(*rules: Rules, timeout_s: float = 30.0) -> Desk:
    carriers = {(r.pool, c.name): Carrier(Scripted(), timeout_s) for r in rules for c in r.candidates}
    work: Any = Nothing()
    return Desk(FakeClock(), work, {r.pool: r for r in rules}, carriers)


def fact(outcome: Any, at: float = NOW) -> Fact:
    return Fact.of("first", outcome, at)


def test_a_lease_is_three_times_the_longest_send_and_never_short() -> None:
    assert desk(RULES, timeout_s=10.0).lease_s == LEASE_S
    assert desk(RULES, timeout_s=600.0).lease_s == 1800.0
    assert desk().lease_s == LEASE_S


def test_a_circuit_that_opens_and_closes_is_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "posthouse")
    at = desk(RULES)
    for number in range(4):
        at.observe(POOL, fact(Deferred(503), NOW + number))
    at.probing(POOL, "first")
    for number in range(2):
        at.observe(POOL, fact(Accepted(200), NOW + 100 + number))
    assert caplog.messages == ["circuit opened", "circuit closed"]
    assert caplog.records[0].fields == {"pool": POOL, "provider": "first", "outcome": "deferred"}  # type: ignore[attr-defined]


def test_what_was_learnt_before_is_known_again_at_start() -> None:
    at = desk(RULES)
    at.remember({POOL: [fact(Accepted(200), NOW - 9), fact(Deferred(503), NOW - 2), fact(Deferred(503), NOW - 1)]})
    assert at.circuits(NOW) == {POOL: {"first": "open"}}


def test_what_was_learnt_of_pools_and_providers_that_are_gone_does_no_harm() -> None:
    at = desk(RULES)
    at.remember({"gone.example.com": [fact(Unauthorised(401))], POOL: [Fact.of("gone", Unauthorised(401), NOW)]})
    assert at.circuits(NOW) == {POOL: {"first": "closed"}}


async def test_an_open_circuit_is_open_after_a_restart_and_a_wrong_key_too(tmp_path: Path) -> None:
    async with office(tmp_path, breaker=BreakerRules(failures=2)) as house:
        house.carriers["first"].acts = [Deferred(503), Deferred(503)]
        house.carriers["second"].acts = [Unauthorised(401)]
        await house.add(letter(0), letter(1))
        for _ in range(2):
            await house.attempt()
        known = house.desk.circuits(house.clock.now())
        assert known == {POOL: {"first": "open", "second": "open"}}
    async with office(tmp_path, breaker=BreakerRules(failures=2)) as house:
        house.desk.remember(await house.store.observations(NOW - 1000))
        assert house.desk.circuits(house.clock.now()) == known


def test_there_is_room_for_as_many_as_may_start_now() -> None:
    at = desk(RULES)
    assert at.rooms(NOW) == {POOL: 2}
    at.started(POOL, RULES.candidates[0], NOW)
    assert at.rooms(NOW) == {POOL: 1}
    at.started(POOL, RULES.candidates[0], NOW)
    assert at.rooms(NOW) == {POOL: 0}
    at.ended(POOL, "first")
    assert at.rooms(NOW) == {POOL: 1}


def test_a_pool_that_is_not_configured_has_no_room_once_it_was_met() -> None:
    at = desk(RULES)
    at.board(OTHER_POOL)
    assert at.rooms(NOW) == {POOL: 2, OTHER_POOL: 0}


def test_a_pool_that_pauses_is_full_until_the_pause_is_over() -> None:
    at = desk(RULES)
    at.observe(POOL, fact(Throttled(429, retry_after_s=30.0)))
    assert at.rooms(NOW) == {POOL: 0}
    assert at.rooms(NOW + 30)[POOL] > 0


def test_all_circuits_are_told_also_of_pools_nobody_has_sent_through() -> None:
    other = Rules("example.net", candidates=(Candidate("a"), Candidate("b")))
    assert desk(RULES, other).circuits(NOW) == {
        POOL: {"first": "closed"},
        "example.net": {"a": "closed", "b": "closed"},
    }


async def test_a_new_desk_takes_up_switches_quotas_and_paces_where_the_last_one_stopped(tmp_path: Path) -> None:
    slow = Rate(1, 60.0)
    limited = Candidate("first", daily=3, rate=slow)
    async with office(tmp_path, candidates=(limited, Candidate("second", order=2))) as house:
        await house.store.switch([Switching(POOL, "second", Switch("pause"))])
        await house.add(letter())
        await house.attempt()
        await house.clock.advance(20)
        again = Desk(house.clock, house.store, {POOL: house.desk.board(POOL).rules}, {})
        await again.take_up(house.store)
        board = again.board(POOL)
        assert board.switch("second").held == "pause"
        assert board.standing("first").spent.today == 1
        assert board.standing("first").tempo.ready_at == pytest.approx(NOW + slow.per_s)


def test_other_rules_keep_what_is_known_of_those_that_stay() -> None:
    at = desk(RULES)
    for number in range(2):
        at.observe(POOL, fact(Deferred(503), NOW + number))
    more = Rules(POOL, candidates=(*RULES.candidates, Candidate("second")), breaker=RULES.breaker)
    carriers = {(POOL, name): Carrier(Scripted(), 600.0) for name in ("first", "second")}
    at.reconfigure({POOL: more}, carriers)
    assert at.circuits(NOW) == {POOL: {"first": "open", "second": "closed"}}
    assert at.carriers is carriers
    assert at.lease_s == 1800.0


async def test_a_provider_that_comes_back_while_its_sends_are_on_their_way_takes_no_more_than_before(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, candidates=(Candidate("first", concurrency=2),)) as house:
        house.desk.started(POOL, Candidate("first"), NOW)
        rules, carriers = {POOL: house.desk.board(POOL).rules}, house.desk.carriers
        house.desk.reconfigure({}, {})
        house.desk.reconfigure(rules, carriers)
        assert house.desk.rooms(NOW) == {POOL: 1}


async def test_where_a_quota_is_new_nothing_is_sent_until_it_is_known_what_was_sent_before(tmp_path: Path) -> None:
    two_a_day = Rules(POOL, candidates=(Candidate("first", daily=2),))
    async with office(tmp_path, candidates=(Candidate("first"),)) as house:
        await house.add(letter())
        await house.attempt()
        desk = Desk(house.clock, house.store, {POOL: Rules(POOL, candidates=(Candidate("first"),))}, {})
        desk.beat_at = 0.0  # it sends
        desk.reconfigure({POOL: two_a_day}, {})
        assert desk.rooms(NOW) == {POOL: 0}
        await desk.take_up_quotas()
        assert desk.rooms(NOW) == {POOL: 1}
        desk.reconfigure({POOL: two_a_day}, {})
        assert desk.rooms(NOW) == {POOL: 1}


async def test_a_quota_that_is_new_while_others_are_read_is_read_as_well(tmp_path: Path) -> None:
    async with office(tmp_path, candidates=(Candidate("first", daily=9),)) as house:
        desk = house.desk
        desk.beat_at = 0.0
        rules = {POOL: Rules(POOL, candidates=(Candidate("first", daily=9), Candidate("second", daily=1)))}
        reading = asyncio.create_task(desk.take_up_quotas())
        await asyncio.sleep(0)
        desk.reconfigure(rules, desk.carriers)
        await reading
        await desk.take_up_quotas()
        assert [c.elsewhere for c in desk.board(POOL).rules.candidates] == [False, False]
        assert desk.board(POOL).standing("second").spent.resumed_at == NOW


async def test_a_pool_that_is_gone_keeps_its_mail_waiting(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        house.desk.reconfigure({}, {})
        await attempt(claim, house.desk)
        assert (await house.only()).status == "queued"


async def test_an_attempt_ends_with_the_carrier_it_began_with(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        gate = Gate()
        house.carriers["first"].acts = [gate]
        trying = asyncio.create_task(attempt(await house.claimed(), house.desk))
        await gate.reached(lambda told: told.waiting == 1)
        house.desk.reconfigure({}, {})
        gate.open()
        await trying
        assert (await house.only()).status == "sent"


def test_what_a_pace_does_not_allow_is_waited_for_and_no_longer() -> None:
    slow = Candidate("first", rate=Rate(10, 1.0))
    at = desk(Rules(POOL, candidates=(slow,)))
    assert at.wait_s(NOW, 0.25) == 0.25
    at.started(POOL, slow, NOW)
    assert at.wait_s(NOW + 0.04, 0.25) == pytest.approx(0.06, abs=1e-5)
    assert at.wait_s(NOW, 0.05) == pytest.approx(0.05, abs=1e-5)
    assert at.wait_s(NOW + 0.2, 0.25) == pytest.approx(0.25, abs=1e-5)


def test_a_share_becomes_smaller_at_once_and_larger_when_it_was_said_twice() -> None:
    at = desk(Rules(POOL, candidates=(Candidate("first", rate=Rate(6, 1.0)),)))

    def told(count: int, place: int) -> int:
        at.share(count, place)
        rate = at.board(POOL).rules.candidates[0].rate
        assert rate is not None
        return rate.count

    assert [told(2, 0), told(1, 0), told(2, 1), told(1, 0), told(1, 0)] == [3, 3, 3, 3, 6]
