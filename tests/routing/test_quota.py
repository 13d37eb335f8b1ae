"""Quotas: what counts, when a day and a month begin anew, and that nothing ever starts above one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.board import Board, Fact
from posthouse.routing.outcome import Accepted
from posthouse.routing.quota import (
    DAY_S,
    UNSPENT,
    Spent,
    counted,
    left,
    next_day,
    next_month,
    spent_this_month,
    spent_today,
    this_day,
    this_month,
    used_up,
)
from posthouse.routing.router import Send, Wait, decide
from posthouse.routing.rules import Candidate, Job, Rules
from tests.routing.pool import NOW, repeatable


def instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        ("2026-11-25T08:00", "2026-11-26", "2026-12-01"),
        ("2026-11-25T00:00", "2026-11-26", "2026-12-01"),
        ("2026-12-31T23:59:59.999", "2027-01-01", "2027-01-01"),
        ("2028-02-28T12:00", "2028-02-29", "2028-03-01"),
        ("2026-03-29T00:30", "2026-03-30", "2026-04-01"),
    ],
)
def test_a_day_and_a_month_begin_at_midnight_utc(now: str, day: str, month: str) -> None:
    assert (next_day(instant(now)), next_month(instant(now))) == (instant(day), instant(month))


def test_what_is_spent_counts_until_the_day_and_the_month_are_over() -> None:
    spent = Spent(3, 40, instant("2026-11-29T23:00"))
    days = ["2026-11-29T23:30", "2026-11-30T00:00", "2026-11-30T23:59", "2026-12-01T00:00"]
    assert [spent_today(spent, instant(day)) for day in days] == [3, 0, 0, 0]
    assert [spent_this_month(spent, instant(day)) for day in days] == [40, 40, 40, 0]


def test_a_clock_that_steps_back_over_midnight_gives_no_quota_back() -> None:
    spent = Spent(3, 40, instant("2026-12-01T00:01"))
    assert spent_today(spent, instant("2026-11-30T23:59")) == 3
    assert spent_this_month(spent, instant("2026-11-30T23:59")) == 40


def test_a_send_of_a_new_day_begins_a_new_count_of_its_month_or_of_the_next() -> None:
    spent = Spent(3, 40, instant("2026-11-29T23:00"))
    assert counted(spent, instant("2026-11-29T23:30")) == Spent(4, 41, instant("2026-11-29T23:30"))
    assert counted(spent, instant("2026-11-30T00:00")) == Spent(1, 41, instant("2026-11-30T00:00"))
    assert counted(spent, instant("2026-12-01T00:00")) == Spent(1, 1, instant("2026-12-01T00:00"))


def test_a_send_that_began_on_an_earlier_day_is_of_that_days_month_alone() -> None:
    spent = Spent(3, 40, instant("2026-12-02T01:00"))
    assert counted(spent, instant("2026-12-01T23:59")) == Spent(3, 41, instant("2026-12-02T01:00"))
    assert counted(spent, instant("2026-11-30T23:59")) == spent


def test_a_send_that_began_earlier_on_the_same_day_leaves_the_time_of_the_count() -> None:
    assert counted(Spent(3, 40, NOW), NOW - 60) == Spent(4, 41, NOW)


def test_what_is_left_takes_off_what_is_spent_and_what_is_on_its_way() -> None:
    spent = Spent(3, 40, NOW)
    assert left(Candidate("a"), spent, 5, NOW) == (None, None)
    assert left(Candidate("a", daily=10), spent, 5, NOW) == (2, None)
    assert left(Candidate("a", monthly=50), spent, 5, NOW) == (None, 5)
    assert left(Candidate("a", daily=4, monthly=41), spent, 5, NOW) == (0, 0)
    assert left(Candidate("a", daily=4), spent, 0, next_day(NOW)) == (4, None)


def test_the_longer_wait_is_told_where_both_are_used_up() -> None:
    spent = Spent(3, 40, NOW)
    assert used_up(Candidate("a"), spent, NOW) is None
    assert used_up(Candidate("a", daily=4, monthly=41), spent, NOW) is None
    assert used_up(Candidate("a", daily=3), spent, NOW) == (next_day(NOW), "its daily quota of 3 is used up")
    assert used_up(Candidate("a", daily=3, monthly=40), spent, NOW) == (
        next_month(NOW),
        "its monthly quota of 40 is used up",
    )


moments = st.floats(instant("2026-11-28T00:00"), instant("2026-12-04T00:00"))


@repeatable
@given(st.lists(moments, max_size=60), moments)
def test_the_count_is_what_a_plain_count_says_in_whatever_order_the_answers_come(
    began: list[float], now: float
) -> None:
    spent = UNSPENT
    for moment in began:
        spent = counted(spent, moment)
    now = max([now, *began])
    today, this_month = now // DAY_S, datetime.fromtimestamp(now, UTC).month
    assert spent_today(spent, now) == sum(moment // DAY_S == today for moment in began)
    if began and datetime.fromtimestamp(max(began), UTC).month == this_month:
        # A month that was over before the first send of this one came is not counted back.
        assert spent_this_month(spent, now) == sum(
            datetime.fromtimestamp(moment, UTC).month == this_month for moment in began
        )
    else:
        assert spent_this_month(spent, now) == 0


@given(st.floats(0, 4e9))
def test_a_day_and_a_month_begin_before_now_and_end_after_it(now: float) -> None:
    assert this_month(now) <= this_day(now) <= now < next_day(now) <= next_month(now)
    assert next_day(this_day(now)) == next_day(now)
    assert next_month(this_month(now)) == next_month(now)


LIMITS = [{"daily": 1}, {"monthly": 1}, {"daily": 1, "monthly": 1}, {"daily": 9, "monthly": 1}]


@pytest.mark.parametrize("limits", LIMITS)
def test_a_quota_of_either_kind_alone_keeps_the_next_message_back(limits: dict[str, int]) -> None:
    candidate = Candidate("first", **limits)  # type: ignore[arg-type]
    board = Board(Rules("example.com", candidates=(candidate,)))
    job = Job("m", "example.com", NOW + 10 * 365 * 86400.0)
    assert isinstance(decide(job, board, NOW), Send)
    sent = board.started(candidate, NOW).ended("first").observe(Fact.of("first", Accepted(200), NOW, NOW))
    assert isinstance(decide(job, sent, NOW), Wait)
    unlimited = Board(Rules("example.com", candidates=(Candidate("first"),)), sent.standings)
    assert isinstance(decide(job, unlimited, NOW), Send)
