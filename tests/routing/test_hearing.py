"""Two workers that hear each other's answers late, and so in another order than they came."""

from collections.abc import Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.board import Board, Fact, fold
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure
from posthouse.routing.rules import BreakerRules
from tests.routing.pool import NEVER_OPENS, NOW, pool, repeatable

LAG_S = 1.0
"""So much later one hears of what the other was told, at the most."""

Heard = tuple[Fact, float]
"""A fact, and when this worker folds it: at once where it is its own."""


def answers(*outcomes: Outcome) -> st.SearchStrategy[list[Heard]]:
    """Some of these over a minute, and when one of the two workers folds each."""
    one = st.builds(
        lambda at, took, outcome, lag: (Fact.of("a", outcome, NOW + at, NOW + at - took), NOW + at + lag),
        st.floats(0, 60),
        st.floats(0, 3),
        st.sampled_from(outcomes),
        st.one_of(st.just(0.0), st.floats(0, LAG_S)),
    )
    return st.lists(one, max_size=60)


def folded(board: Board, heard: Iterable[Heard]) -> Board:
    """The board of the worker, in the order in which it hears."""
    for fact, _ in sorted(heard, key=lambda one: one[1]):
        board = board.observe(fact)
    return board


def in_order(board: Board, heard: Iterable[Heard]) -> Board:
    """The board of somebody who hears everything as it comes."""
    return fold(board, [fact for fact, _ in heard])


@repeatable
@given(answers(Accepted(), Accepted(), Deferred(503), Unsure(), Refused()))
def test_a_circuit_counts_the_same_calls_in_the_same_slices(heard: list[Heard]) -> None:
    never = pool("a", breaker=NEVER_OPENS)
    late, timely = folded(never, heard).standing("a"), in_order(never, heard).standing("a")
    assert late.circuit.buckets == timely.circuit.buckets
    assert late.health.failed_at == timely.health.failed_at
    assert late.spent.today == timely.spent.today
    assert late.spent.month == timely.spent.month


@repeatable
@given(answers(Throttled(429, retry_after_s=5.0), Throttled(429, retry_after_s=30.0), Accepted()))
def test_a_pause_that_a_provider_asked_for_ends_at_the_same_time(heard: list[Heard]) -> None:
    late, timely = folded(pool("a"), heard), in_order(pool("a"), heard)
    assert late.standing("a").tempo.paused_until == timely.standing("a").tempo.paused_until


@repeatable
@given(answers(Accepted()))
def test_of_a_provider_that_is_well_both_know_the_same(heard: list[Heard]) -> None:
    assert folded(pool("a"), heard) == in_order(pool("a"), heard)


@repeatable
@given(answers(Accepted()), answers(Deferred(503), Unsure()))
def test_a_provider_that_dies_is_left_by_both_once_enough_of_its_failures_are_heard(
    well: list[Heard], dead: list[Heard]
) -> None:
    """All that went well began before the first that failed; answers of both come on afterwards."""
    moved = [(later(fact), at + 100) for fact, at in dead]
    known = in_order(pool("a"), [*well, *moved]).standing("a")
    assert (known.circuit.opened_at is not None) == (len(dead) >= 5)
    heard = folded(pool("a"), [*well, *moved]).standing("a")
    assert (heard.circuit.opened_at is None) == (known.circuit.opened_at is None)
    assert heard.health.failed_at == known.health.failed_at


@repeatable
@given(answers(Deferred(503), Unsure(), Refused(), Unauthorised(401)))
def test_what_comes_late_from_before_a_circuit_closed_does_not_open_it_again(heard: list[Heard]) -> None:
    rules = BreakerRules(failures=1, probe_passes=1)
    board = pool("a", breaker=rules).observe(Fact.of("a", Deferred(503), NOW - 10, NOW - 11))
    board = board.observe(Fact.of("a", Accepted(), NOW + 60, NOW + 59.5, probe=True))
    closed = board.standing("a")
    assert closed.circuit.closed_at == NOW + 60
    for fact, _ in heard:
        assert fact.began is not None
        if fact.at > NOW + 60 - LAG_S and fact.began < NOW + 60:  # one that began at that very moment counts
            board = board.observe(fact)
    after = board.standing("a")
    assert after.circuit == closed.circuit
    assert after.trust == closed.trust


def later(fact: Fact) -> Fact:
    assert fact.began is not None
    return msgspec.structs.replace(fact, at=fact.at + 100, began=fact.began + 100)
