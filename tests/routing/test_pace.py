"""The rate is never exceeded, and a pause is believed within bounds."""

from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from posthouse.routing.pace import (
    FREE,
    PAUSE_MAX_S,
    PAUSE_MIN_S,
    QUOTA_PAUSE_S,
    Pace,
    eased,
    learnt,
    resumed,
    started,
    starting,
    throttled,
)
from posthouse.routing.rules import Rate
from tests.routing.pool import NOW, at, repeatable

RATES = [Rate(1, 1.0), Rate(14, 1.0), Rate(100, 60.0), Rate(1000, 1.0), Rate(10_000, 86400.0), Rate(3, 0.001)]


def starts(rate: Rate, wishes: list[float]) -> list[float]:
    """When sends start that are wished for at those times, each as soon as it may."""
    pace, found = FREE, []
    for wish in wishes:
        now = max(wish, pace.ready_at)
        pace = started(pace, rate, now)
        found.append(now)
    return found


@repeatable
@given(
    st.sampled_from(RATES),
    st.floats(0, 4e9),
    st.lists(st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 100)), max_size=200),
)
@example(Rate(1000, 1.0), NOW, [0.0] * 1500)
@example(Rate(3, 1.0), NOW, [0.0] * 50)
def test_no_sliding_window_ever_holds_more_starts_than_the_rate(rate: Rate, first: float, gaps: list[float]) -> None:
    wishes, wish = [], first
    for gap in gaps:
        wish += gap
        wishes.append(wish)
    found = starts(rate, wishes)
    for early, late in zip(found, found[rate.count :], strict=False):
        assert Fraction(late) - Fraction(early) >= Fraction(rate.per_s), "one too many in the window"


@pytest.mark.parametrize("rate", RATES[:-1])
def test_a_burst_leaves_as_fast_as_the_rate_allows(rate: Rate) -> None:
    found = starts(rate, [NOW] * 101)
    assert found[-1] - found[0] == pytest.approx(100 * rate.per_s / rate.count, rel=1e-3)


def test_two_starts_in_one_moment_take_both_their_turns() -> None:
    assert started(started(FREE, Rate(1, 10.0), NOW), Rate(1, 10.0), NOW).ready_at == at(NOW + 20)


def test_an_idle_provider_saves_nothing_up() -> None:
    once = started(FREE, Rate(1, 10.0), NOW)
    much_later = started(once, Rate(1, 10.0), NOW + 1000)
    assert much_later.ready_at == at(NOW + 1010)


def test_without_a_rate_a_start_costs_nothing() -> None:
    assert started(FREE, None, NOW).ready_at <= 0


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        (-5.0, PAUSE_MIN_S),
        (0.0, PAUSE_MIN_S),
        (0.5, PAUSE_MIN_S),
        (1.0, 1.0),
        (60.0, 60.0),
        (3600.0, 3600.0),
        (1e9, PAUSE_MAX_S),
        (inf, PAUSE_MAX_S),
        (nan, PAUSE_MIN_S),
    ],
)
@pytest.mark.parametrize("quota", [False, True])
def test_a_pause_is_what_the_provider_asked_for_within_a_second_and_an_hour(
    asked: float, pause: float, quota: bool
) -> None:
    assert throttled(FREE, asked, NOW, quota=quota).ready_at == NOW + pause


def test_where_the_provider_names_no_pause_it_doubles_up_to_about_a_minute() -> None:
    pace, now, pauses = FREE, NOW, []
    for _ in range(9):
        pace = throttled(pace, None, now, quota=False)
        pauses.append(pace.ready_at - now)
        now = pace.ready_at
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_a_used_up_quota_that_names_no_time_is_asked_again_after_an_hour() -> None:
    assert throttled(FREE, None, NOW, quota=True).ready_at == NOW + QUOTA_PAUSE_S


def test_a_success_lets_the_doubling_start_afresh_but_keeps_the_pause() -> None:
    pace = throttled(throttled(FREE, None, NOW, quota=False), None, NOW + 1, quota=False)
    relieved = eased(pace)
    assert relieved.ready_at == pace.ready_at == NOW + 3
    assert throttled(relieved, None, NOW + 3, quota=False).ready_at == NOW + 4
    assert eased(relieved) is relieved


def test_a_storm_of_answers_to_sends_that_left_together_is_one_pause() -> None:
    pace = FREE
    for late_s in range(64):
        pace = throttled(pace, None, NOW + late_s / 100, quota=False)
    assert pace.ready_at == NOW + 1
    assert throttled(pace, None, NOW + 1, quota=False).ready_at == NOW + 3, "the next one is the second, not the 65th"


def test_a_hint_within_a_pause_makes_it_longer_and_never_shorter() -> None:
    pace = throttled(FREE, 60.0, NOW, quota=False)
    assert throttled(pace, 10.0, NOW + 1, quota=False).ready_at == NOW + 60
    assert throttled(pace, 90.0, NOW + 1, quota=False).ready_at == NOW + 91
    assert throttled(pace, None, NOW + 1, quota=True).ready_at == NOW + 1 + QUOTA_PAUSE_S


def test_answers_with_a_hint_to_sends_that_left_together_count_once_for_the_doubling() -> None:
    pace = FREE
    for _ in range(64):
        pace = throttled(pace, 5.0, NOW, quota=False)
    assert throttled(pace, None, NOW + 5, quota=False).ready_at == NOW + 7


def test_both_the_rate_and_the_pause_must_be_over() -> None:
    paced = started(throttled(FREE, 3.0, NOW, quota=False), Rate(1, 10.0), NOW)
    assert paced.ready_at == at(NOW + 10)
    assert Pace(next_at=NOW + 1, paused_until=NOW + 3).ready_at == NOW + 3


# The learnt rate


def busily(per_s: int, seconds: int = 3, pace: Pace = FREE) -> Pace:
    """The pace after so many starts a second, the last of them just before NOW."""
    for number in range(per_s * seconds):
        pace = started(pace, None, NOW - seconds + number / per_s)
    return pace


def test_the_starts_of_the_busier_of_this_second_and_the_one_before_are_what_is_seen() -> None:
    pace = busily(40)
    assert [starting(pace, NOW + s) for s in (-0.01, 0.9, 1.0)] == [40, 40, 0]
    assert starting(started(pace, None, NOW), NOW) == 40, "a second that has just begun tells little"
    assert starting(started(pace, None, NOW + 1), NOW + 1) == 1
    assert starting(FREE, NOW) == 0


def test_a_throttling_that_another_process_was_told_of_is_heard_a_moment_later_and_sees_what_was_started_then() -> None:
    pace = started(busily(40), None, NOW)
    assert starting(pace, NOW - 0.1) == 40
    assert starting(pace, NOW - 1.1) == 0, "of two seconds ago nothing is known"


def test_after_a_throttling_the_limit_is_half_of_what_was_seen_and_recovers_evenly() -> None:
    pace = throttled(busily(40), 10.0, NOW, quota=False)
    limits = [learnt(pace, NOW + 10 + s) for s in (-10, 0, 30, 60, 120, 179)]
    assert limits == pytest.approx([20, 20, 30, 40, 60, 20 + 20 * 179 / 60], rel=1e-6)


def test_the_learnt_limit_is_forgotten_well_above_what_was_seen() -> None:
    pace = throttled(busily(40), 10.0, NOW, quota=False)
    assert learnt(pace, NOW + 10 + 180) is None
    assert started(pace, None, NOW + 10 + 179).seen == 40
    assert started(pace, None, NOW + 10 + 180).seen == 0


def test_a_provider_that_throttled_a_trickle_recovers_too() -> None:
    pace = throttled(started(FREE, None, NOW), None, NOW, quota=False)
    assert learnt(pace, NOW + 1) == 0.5
    assert learnt(pace, NOW + 1 + 89) == pytest.approx(0.5 + 89 / 60)
    assert learnt(pace, NOW + 1 + 91) is None


def test_starts_are_spaced_by_the_learnt_limit_and_never_above_the_configured_rate() -> None:
    pace = throttled(busily(40), 1.0, NOW, quota=False)
    assert started(pace, None, NOW + 1).ready_at == at(NOW + 1 + 1 / 20)
    assert started(pace, Rate(10, 1.0), NOW + 1).ready_at == at(NOW + 1 + 1 / 10)
    assert started(pace, Rate(100, 1.0), NOW + 1).ready_at == at(NOW + 1 + 1 / 20)


def test_a_second_throttling_halves_what_is_seen_then() -> None:
    pace, now = throttled(busily(40), 1.0, NOW, quota=False), NOW + 1
    while now < NOW + 4:
        pace = started(pace, None, now)
        now = pace.ready_at
    assert throttled(pace, None, now, quota=False).seen == pytest.approx(21, abs=2)


def test_a_throttling_without_a_send_of_ours_or_of_a_quota_teaches_no_rate() -> None:
    assert throttled(FREE, None, NOW, quota=False).seen == 0
    assert throttled(busily(40), None, NOW, quota=True).seen == 0
    taught = throttled(busily(40), None, NOW, quota=False)
    assert throttled(taught, None, NOW + 500, quota=False).seen == 40, "what was learnt stays where nothing new is seen"


def test_a_storm_of_throttlings_halves_the_rate_once() -> None:
    pace = busily(40)
    for late_s in range(64):
        pace = throttled(pace, None, NOW + late_s / 100, quota=False)
    assert learnt(pace, NOW + 1) == 20


def test_throttlings_that_come_into_a_pause_answer_what_left_before_and_teach_nothing_more() -> None:
    pace = throttled(busily(40), 10.0, NOW, quota=False)
    pace = started(started(pace, None, NOW + 2), None, NOW + 2)  # none should, but one that was decided before may
    assert throttled(pace, 9.0, NOW + 2, quota=False).seen == 40


# Over a restart


@repeatable
@given(st.sampled_from(RATES), st.integers(1, 50), st.floats(0, 5))
def test_no_sliding_window_over_a_restart_holds_more_starts_than_the_rate(
    rate: Rate, before: int, pause_s: float
) -> None:
    found = starts(rate, [NOW] * before)
    pace, now = resumed(FREE, rate, found[-1]), found[-1] + pause_s
    for _ in range(2 * rate.count if rate.count < 100 else 50):
        now = max(now, pace.ready_at)
        pace = started(pace, rate, now)
        found.append(now)
    for early, late in zip(found, found[rate.count :], strict=False):
        assert Fraction(late) - Fraction(early) >= Fraction(rate.per_s)


def test_without_a_rate_a_restart_costs_nothing_and_a_later_start_that_is_known_stays() -> None:
    assert resumed(FREE, None, NOW) is FREE
    assert resumed(Pace(next_at=NOW + 99), Rate(1, 1.0), NOW).next_at == NOW + 99


@repeatable
@given(
    st.lists(st.tuples(st.floats(0, 100), st.one_of(st.none(), st.floats(-1e3, 1e12)), st.booleans()), max_size=30),
)
def test_no_pause_is_ever_shorter_than_a_second_or_longer_than_an_hour(
    answers: list[tuple[float, float | None, bool]],
) -> None:
    pace, now = FREE, NOW
    for gap_s, asked, quota in answers:
        now += gap_s
        before = pace
        pace = throttled(pace, asked, now, quota=quota)
        assert before.ready_at <= pace.ready_at <= now + PAUSE_MAX_S
        if before.ready_at <= now:
            assert pace.ready_at >= now + PAUSE_MIN_S
