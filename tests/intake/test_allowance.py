import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.intake.allowance import DAY_S, UNUSED, Allowance, Allowances, Excess, given_back, taken
from posthouse.intake.caller import Caller
from posthouse.routing.rules import Rate

NOW = 20_000 * DAY_S + 3600.0
TEN = Rate(10, 1.0)


def after(*calls: tuple[float, int], rate: Rate | None = TEN, daily: int | None = None) -> list[Allowance | Excess]:
    """What comes of calls (seconds from NOW, messages)."""
    state, found = UNUSED, list[Allowance | Excess]()
    for at, count in calls:
        one = taken(state, rate, daily, count, NOW + at)
        state = one if isinstance(one, Allowance) else state
        found.append(one)
    return found


def fits(*calls: tuple[float, int], rate: Rate | None = TEN, daily: int | None = None) -> list[bool]:
    return [isinstance(one, Allowance) for one in after(*calls, rate=rate, daily=daily)]


def test_a_burst_of_the_whole_rate_fits_and_one_more_does_not() -> None:
    assert fits(*[(0.0, 1)] * 11) == [True] * 10 + [False]
    assert fits((0.0, 10), (0.0, 1)) == [True, False]


def test_room_comes_back_evenly() -> None:
    assert fits((0.0, 10), (0.05, 1), (0.11, 1), (0.12, 1), (0.25, 1)) == [True, False, True, False, True]


def test_it_says_when_to_come_again_in_whole_seconds() -> None:
    *_, excess = after((0.0, 10), (0.0, 1))
    assert excess == Excess("rate", 10, "at most 10 messages in 1 seconds", 1)
    *_, excess = after((0.0, 5), (0.0, 5), rate=Rate(5, 60.0))
    assert excess == Excess("rate", 5, "at most 5 messages in 60 seconds", 60)


def test_what_was_refused_costs_nothing() -> None:
    assert fits((0.0, 10), *[(0.05, 1)] * 100, (0.11, 1)) == [True] + [False] * 100 + [True]


def test_a_batch_larger_than_the_rate_waits_for_all_of_it_and_counts_in_full() -> None:
    assert fits((0.0, 100), (9.0, 1), (9.11, 1)) == [True, False, True]
    assert fits((0.0, 1), (0.0, 100), (0.11, 100)) == [True, False, True]


def test_a_day_has_so_many_messages_and_the_next_one_as_many_again() -> None:
    left_s = DAY_S - 3600.0
    assert fits((0.0, 3), (1.0, 1), (left_s - 1, 1), (left_s, 3), rate=None, daily=3) == [True, False, False, True]
    *_, excess = after((0.0, 3), (0.0, 1), rate=None, daily=3)
    assert excess == Excess("daily", 3, "at most 3 messages in a day (UTC)", int(left_s))


def test_what_was_not_accepted_is_given_back_to_the_day_it_was_taken_from() -> None:
    used = Allowance(0.0, 20_000, 3)
    assert given_back(used, 2, NOW).today == 1
    assert given_back(used, 5, NOW).today == 0
    assert given_back(used, 2, NOW + DAY_S) is used


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.integers(1, 4)), max_size=60))
def test_never_more_than_a_bucket_and_what_flows_into_it(gaps: list[tuple[float, int]]) -> None:
    calls, at = [], 0.0
    for gap, count in gaps:
        at += gap
        calls.append((at, count))
    through = [call for call, fitted in zip(calls, fits(*calls), strict=True) if fitted]
    for first, (begin, _) in enumerate(through):
        for last in range(first, len(through)):
            end = through[last][0]
            count = sum(messages for _, messages in through[first : last + 1])
            assert count <= 10 + 10 * (end - begin) + 1e-3


def test_each_key_has_its_own_and_what_was_accepted_before_counts() -> None:
    kept = Allowances({("example.com", "web"): 2}, NOW)
    web, other = (Caller(name, "example.com", daily=3) for name in ("web", "other"))
    assert kept.take(web, 1, NOW) is None
    assert isinstance(kept.take(web, 1, NOW), Excess)
    assert kept.take(other, 3, NOW) is None
    kept.give_back(web, 1, NOW)
    assert kept.take(web, 1, NOW) is None


@pytest.mark.parametrize("count", [1, 1000])
def test_without_limits_everything_fits(count: int) -> None:
    assert fits(*[(0.0, count)] * 50, rate=None) == [True] * 50
