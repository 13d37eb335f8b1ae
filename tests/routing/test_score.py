"""The score: its reference table, and what holds at any time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.router import Send, decide
from posthouse.routing.rules import Candidate, ScoreRules
from posthouse.routing.score import RESTORE_S, WELL, Health, failed, score, succeeded
from tests.routing.pool import NEVER_OPENS, NOW, failing, message, pool, repeatable


def after_failures(times: int, at: float = NOW) -> Health:
    state = WELL
    for _ in range(times):
        state = failed(state, at)
    return state


@pytest.mark.parametrize(
    ("failures", "expected"),
    [(0, 50), (1, 45), (2, 40.5), (3, 36.45), (4, 32.805), (5, 29.5245), (6, 26.57205), (7, 23.914845)],
)
def test_right_after_failures_in_a_row_the_score_is_that_of_the_reference_table(failures: int, expected: float) -> None:
    assert score(after_failures(failures), 50, NOW) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("alternative", "failures"), [(49, 1), (40, 3)])
def test_an_alternative_is_passed_after_so_many_failures(alternative: float, failures: int) -> None:
    assert score(after_failures(failures - 1), 50, NOW) > alternative
    assert score(after_failures(failures), 50, NOW) < alternative


@pytest.mark.parametrize(("failures", "seconds"), [(3, 78.6), (4, 125.5), (5, 153.5), (6, 171.9), (7, 185.0)])
def test_a_provider_is_tried_again_before_an_alternative_at_40_after_so_many_seconds(
    failures: int, seconds: float
) -> None:
    state = after_failures(failures)
    assert score(state, 50, NOW + seconds - 0.06) < 40
    assert score(state, 50, NOW + seconds + 0.06) > 40


def test_five_minutes_after_the_last_failure_the_score_is_the_full_base_though_health_is_low() -> None:
    state = after_failures(20)
    assert score(state, 50, NOW + RESTORE_S - 1) < 50
    assert score(state, 50, NOW + RESTORE_S) == 50
    assert score(state, 50, NOW + 10 * RESTORE_S) == 50
    assert state.health == pytest.approx(0.9**20)


def test_health_heals_only_by_successes_so_the_next_failure_hits_harder() -> None:
    later = NOW + 2 * RESTORE_S
    assert score(failed(after_failures(3), later), 50, later) == pytest.approx(32.805)


def test_a_success_heals_a_tenth_of_the_way_and_leaves_the_time_of_the_failure() -> None:
    healed = succeeded(Health(0.5, NOW))
    assert healed.health == pytest.approx(0.55)
    assert healed.failed_at == NOW


def test_a_success_at_full_health_changes_nothing() -> None:
    assert succeeded(WELL) is WELL


def test_a_success_never_heals_beyond_full_health() -> None:
    assert succeeded(Health(0.9999999999999999)).health <= 1.0


def test_a_late_failure_does_not_move_the_time_of_the_last_one_back() -> None:
    assert failed(Health(1.0, NOW), NOW - 60) == Health(0.9, NOW)


def test_a_failure_ahead_of_the_clock_counts_as_one_of_this_moment() -> None:
    assert score(Health(0.9, NOW + 60), 50, NOW) == 45


def test_other_rules_move_the_score_otherwise() -> None:
    rules = ScoreRules(degrade=0.5, gain=0.25, restore_s=60.0)
    state = failed(failed(WELL, NOW, rules), NOW, rules)
    assert state.health == 0.25
    assert succeeded(state, rules).health == 0.375
    assert [score(state, 40, NOW + s, rules) for s in (0, 30, 60)] == [10, 25, 40]


def test_a_pool_scores_by_its_own_rules_and_by_the_reference_unless_it_says_so() -> None:
    assert ScoreRules(0.9, 0.1, 300.0) == pool("a").rules.scoring
    gentle = pool("a", scoring=ScoreRules(degrade=0.99))
    assert failing(gentle, "a").standing("a").health.health == 0.99
    steep = pool(
        Candidate("a"),
        Candidate("b", score=40),
        strategy="score",
        scoring=ScoreRules(0.5, 0.5, 10.0),
        breaker=NEVER_OPENS,
    )
    for seconds, chosen in ((0, "b"), (5, "b"), (7, "a")):
        decision = decide(message(), failing(steep, "a"), NOW + seconds)
        assert isinstance(decision, Send)
        assert decision.candidate.name == chosen


def test_the_score_stays_between_0_and_100() -> None:
    assert score(WELL, 150, NOW) == 100
    assert score(WELL, -3, NOW) == 0
    assert 0 <= score(after_failures(10_000), 50, NOW) < 1e-300


histories = st.lists(st.tuples(st.booleans(), st.floats(0, 600)), max_size=60)


def lived(history: list[tuple[bool, float]]) -> tuple[Health, float]:
    """The state after successes and failures with pauses between, and the time it is then."""
    state, now = WELL, NOW
    for good, pause_s in history:
        now += pause_s
        state = succeeded(state) if good else failed(state, now)
    return state, now


@repeatable
@given(histories, st.floats(0, 100))
def test_whatever_happened_the_score_lies_between_nothing_and_the_base(
    history: list[tuple[bool, float]], base: float
) -> None:
    state, now = lived(history)
    assert 0 <= state.health <= 1
    assert 0 <= score(state, base, now) <= base * (1 + 1e-12)


@repeatable
@given(histories, st.floats(0, 400), st.floats(0, 400))
def test_without_new_failures_the_score_only_grows(
    history: list[tuple[bool, float]], sooner_s: float, more_s: float
) -> None:
    state, now = lived(history)
    assert score(state, 50, now + sooner_s + more_s) >= score(state, 50, now + sooner_s) - 1e-9
