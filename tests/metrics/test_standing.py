"""What boards say as numbers: circuits, scores, switches, quotas; and zeros for what has not happened yet."""

from typing import Final

from posthouse.metrics.described import ENDS, OUTCOMES
from posthouse.metrics.standing import counted, standing
from posthouse.metrics.tally import Tally
from posthouse.routing.board import Board, Fact
from posthouse.routing.rules import BreakerRules, Candidate, Rules
from posthouse.routing.switch import Switch

NOW: Final = 1_800_000_000.0
POOL: Final = "example.com"
RULES: Final = Rules(
    POOL,
    candidates=(
        Candidate("first", daily=100, monthly=1000),
        Candidate("second", score=80.0),
        Candidate("off", enabled=False, daily=5),
        Candidate("(sandbox)", reserved=True),
    ),
    breaker=BreakerRules(failures=1, probe_every_s=5.0),
)
BOARD: Final = Board(RULES)


def failed(provider: str) -> Fact:
    return Fact(provider, NOW, "deferred", -1, began=NOW)


def test_those_that_are_enabled_and_carry_whatever_comes_are_told() -> None:
    found = standing([BOARD], NOW)
    for name in ("posthouse_breaker_state", "posthouse_provider_score", "posthouse_in_flight"):
        assert found[name].keys() == {(POOL, "first"), (POOL, "second")}


def test_a_circuit_is_0_closed_1_half_open_2_open() -> None:
    board = BOARD.observe(failed("first"))
    assert standing([board], NOW)["posthouse_breaker_state"] == {(POOL, "first"): 2, (POOL, "second"): 0}
    assert standing([board], NOW + 6)["posthouse_breaker_state"][POOL, "first"] == 1


def test_a_score_is_the_one_of_this_moment() -> None:
    assert standing([BOARD], NOW)["posthouse_provider_score"] == {(POOL, "first"): 50, (POOL, "second"): 80}
    board = BOARD.observe(failed("second"))
    assert standing([board], NOW)["posthouse_provider_score"][POOL, "second"] == 72
    assert standing([board], NOW + 300)["posthouse_provider_score"][POOL, "second"] == 80


def test_who_is_held_by_hand_is_told() -> None:
    board = BOARD.switched({"first": Switch("drain"), "second": Switch("no", reason="well again")})
    assert standing([board], NOW)["posthouse_provider_held"] == {(POOL, "first"): 1, (POOL, "second"): 0}


def test_what_is_on_its_way_is_counted_and_off_the_quota() -> None:
    board = BOARD.started(RULES.candidates[0], NOW)
    board = board.started(RULES.candidates[0], NOW).ended("first").observe(Fact("first", NOW, "accepted", 1, began=NOW))
    found = standing([board], NOW)
    assert found["posthouse_in_flight"] == {(POOL, "first"): 1, (POOL, "second"): 0}
    assert found["posthouse_quota_limit"] == {(POOL, "first", "day"): 100, (POOL, "first", "month"): 1000}
    assert found["posthouse_quota_left"] == {(POOL, "first", "day"): 98, (POOL, "first", "month"): 998}


def test_quotas_begin_anew_at_midnight_and_with_the_month() -> None:
    found = standing([], NOW)["posthouse_quota_reset_timestamp_seconds"]
    assert found == {("day",): 1_800_057_600.0, ("month",): 1_801_440_000.0}  # 2027-01-16, 2027-02-01


def test_what_can_be_counted_next_is_there_as_zero() -> None:
    found = counted(Tally(), [BOARD])
    assert found["posthouse_accepted_total"] == {(POOL, "http"): 0}
    assert found["posthouse_ended_total"] == {(POOL, status): 0 for status in ENDS}
    lines = [(POOL, provider, outcome) for provider in ("first", "second") for outcome in OUTCOMES]
    assert found["posthouse_attempts_total"] == dict.fromkeys(lines, 0)


def test_what_was_counted_of_a_pool_that_is_gone_stays() -> None:
    tally = Tally()
    tally.accepted["example.net", "http"] += 3
    tally.requests["/email", 202] += 2
    found = counted(tally, [BOARD])
    assert found["posthouse_accepted_total"] == {(POOL, "http"): 0, ("example.net", "http"): 3}
    assert found["posthouse_http_requests_total"] == {("/email", "202"): 2}
