"""One circuit: when it opens, what passes an open one, and which answers still speak of it."""

from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.breaker import (
    CLOSED,
    LATE_S,
    SLICES,
    Breaker,
    failed,
    probing,
    recounted,
    refused,
    succeeded,
    unanswered,
)
from posthouse.routing.rules import BreakerRules
from tests.routing.pool import NOW, repeatable

RULES = BreakerRules(failures=5, rate=0.5, window_s=30.0, min_calls=20, probe_every_s=5.0)
BY_RATE = msgspec.structs.replace(RULES, failures=10**9)
IN_A_ROW = msgspec.structs.replace(RULES, min_calls=10**9)


def after(calls: str, rules: BreakerRules = RULES, every_s: float = 0.0) -> Breaker:
    """The circuit after calls that went well (`+`) or wrong (`-`), one after the other."""
    circuit, now = CLOSED, NOW
    for call in calls:
        circuit = succeeded(circuit, rules, now) if call == "+" else failed(circuit, rules, now)
        now += every_s
    return circuit


def is_open(circuit: Breaker) -> bool:
    return circuit.opened_at is not None


@pytest.mark.parametrize("limit", [1, 2, 5, 10])
def test_it_opens_after_so_many_failures_in_a_row_and_not_one_sooner(limit: int) -> None:
    rules = msgspec.structs.replace(IN_A_ROW, failures=limit)
    assert not is_open(after("-" * (limit - 1), rules))
    assert is_open(after("-" * limit, rules))


def test_a_success_lets_the_count_in_a_row_start_again() -> None:
    assert not is_open(after("----+----", IN_A_ROW))
    assert is_open(after("----+-----", IN_A_ROW))


def test_failures_in_a_row_count_however_far_apart() -> None:
    assert is_open(after("-----", every_s=3600.0))


def test_a_share_of_failures_opens_it_only_from_so_many_calls_on() -> None:
    assert not is_open(after("+-" * 9 + "-", BY_RATE))
    assert is_open(after("+-" * 10, BY_RATE))


def test_a_share_just_below_the_rate_leaves_it_closed() -> None:
    assert not is_open(after("+" * 11 + "-" * 10, BY_RATE))
    assert is_open(after("+" * 11 + "-" * 11, BY_RATE))


def test_a_success_never_opens_it_though_the_share_is_reached_with_that_call() -> None:
    reached = after("-" * 19 + "+", BY_RATE)
    assert not is_open(reached)
    assert is_open(failed(reached, BY_RATE, NOW))


def test_calls_older_than_the_window_no_longer_count() -> None:
    old = after("-" * 19, BY_RATE)
    assert is_open(failed(old, BY_RATE, NOW + 24))
    assert not is_open(failed(old, BY_RATE, NOW + 31))


def test_a_wrong_key_opens_it_at_once() -> None:
    circuit = failed(CLOSED, RULES, NOW, at_once=True)
    assert (circuit.opened_at, circuit.probe_at, circuit.probing) == (NOW, NOW + 5, False)


def test_its_state_is_closed_then_open_until_a_probe_may_pass_then_half_open() -> None:
    assert CLOSED.state(NOW) == "closed"
    circuit = after("-----")
    assert [circuit.state(NOW + s) for s in (0, 4.9, 5, 500)] == ["open", "open", "half-open", "half-open"]


def test_exactly_one_probe_may_pass_and_not_before_its_time() -> None:
    circuit = after("-----")
    assert [circuit.may_probe(NOW + s) for s in (0, 4.9, 5, 60)] == [False, False, True, True]
    assert not probing(circuit).may_probe(NOW + 60)
    assert not CLOSED.may_probe(NOW)


def test_a_circuit_that_a_probe_has_closed_has_forgotten_its_failures() -> None:
    closed = succeeded(probing(after("-----")), RULES, NOW + 6)
    assert closed == Breaker(closed_at=NOW + 6)
    assert not is_open(failed(closed, msgspec.structs.replace(RULES, min_calls=2), NOW + 60))


def test_a_probe_that_failed_is_followed_by_the_next_after_the_same_wait() -> None:
    circuit = failed(probing(after("-----")), RULES, NOW + 7)
    assert (circuit.opened_at, circuit.probe_at, circuit.probing) == (NOW, NOW + 12, False)


# Every state of a circuit that opened at NOW, or that a probe closed at NOW, with every answer it may hear. The answer
# comes 10 s later; its call began 1 s before NOW, 7 s after NOW, or nobody knows when.

STATES = {
    "new": CLOSED,
    "closed by a probe": Breaker(closed_at=NOW),
    "one failure short": Breaker(failures=4, closed_at=NOW),
    "open": Breaker(failures=5, opened_at=NOW, probe_at=NOW + 15),
    "half-open": Breaker(failures=5, opened_at=NOW, probe_at=NOW + 5),
    "probing": Breaker(failures=5, opened_at=NOW, probe_at=NOW + 5, probing=True),
}
BEGAN = {"before": NOW - 1, "after": NOW + 7, "unknown": None}
Verdict = Literal["same", "counts one", "counts none", "opens", "closes", "next probe later", "next probe now"]
TABLE: dict[tuple[str, str], dict[str, Verdict]] = {
    ("new", "before"): {"good": "counts none", "bad": "counts one", "key": "opens", "neither": "same"},
    ("new", "after"): {"good": "counts none", "bad": "counts one", "key": "opens", "neither": "same"},
    ("new", "unknown"): {"good": "counts none", "bad": "counts one", "key": "opens", "neither": "same"},
    ("closed by a probe", "before"): {"good": "same", "bad": "same", "key": "same", "neither": "same"},
    ("closed by a probe", "after"): {"good": "counts none", "bad": "counts one", "key": "opens", "neither": "same"},
    ("closed by a probe", "unknown"): {"good": "counts none", "bad": "counts one", "key": "opens", "neither": "same"},
    ("one failure short", "before"): {"good": "same", "bad": "same", "key": "same", "neither": "same"},
    ("one failure short", "after"): {"good": "counts none", "bad": "opens", "key": "opens", "neither": "same"},
    ("one failure short", "unknown"): {"good": "counts none", "bad": "opens", "key": "opens", "neither": "same"},
    ("open", "before"): {"good": "same", "bad": "same", "key": "same", "neither": "same"},
    # The probe of another process, or one of before a restart: what it says holds here too.
    ("open", "after"): {"good": "closes", "bad": "next probe later", "key": "next probe later", "neither": "same"},
    ("open", "unknown"): {"good": "same", "bad": "same", "key": "same", "neither": "same"},
    ("half-open", "before"): {"good": "same", "bad": "same", "key": "same", "neither": "same"},
    ("half-open", "after"): {"good": "closes", "bad": "next probe later", "key": "next probe later", "neither": "same"},
    ("half-open", "unknown"): {"good": "same", "bad": "same", "key": "same", "neither": "same"},
    ("probing", "before"): {"good": "same", "bad": "same", "key": "same", "neither": "same"},
    ("probing", "after"): {
        "good": "closes",
        "bad": "next probe later",
        "key": "next probe later",
        "neither": "next probe now",
    },
    ("probing", "unknown"): {
        "good": "closes",
        "bad": "next probe later",
        "key": "next probe later",
        "neither": "next probe now",
    },
}


def test_the_table_has_every_state_and_every_answer() -> None:
    assert set(TABLE) == {(state, began) for state in STATES for began in BEGAN}
    assert all(set(row) == {"good", "bad", "key", "neither"} for row in TABLE.values())


@pytest.mark.parametrize(("state", "began"), TABLE)
@pytest.mark.parametrize("answer", ["good", "bad", "key", "neither"])
def test_a_circuit_in_a_state_makes_of_an_answer_what_the_table_says(state: str, began: str, answer: str) -> None:
    was, at, start = STATES[state], NOW + 10, BEGAN[began]
    match answer:
        case "good":
            now_is = succeeded(was, RULES, at, start)
        case "neither":
            now_is = unanswered(was, at, start)
        case _:
            now_is = failed(was, RULES, at, start, at_once=answer == "key")
    match TABLE[state, began][answer]:
        case "same":
            assert now_is == was
        case "counts none":
            assert (now_is.opened_at, now_is.failures, now_is.closed_at) == (None, 0, was.closed_at)
            assert [bucket[1:] for bucket in now_is.buckets] == [(1, 0)]
        case "counts one":
            assert (now_is.opened_at, now_is.failures, now_is.closed_at) == (None, was.failures + 1, was.closed_at)
            assert [bucket[1:] for bucket in now_is.buckets] == [(1, 1)]
        case "opens":
            assert (now_is.opened_at, now_is.probe_at, now_is.probing) == (at, at + 5, False)
        case "closes":
            assert now_is == Breaker(closed_at=at)
        case "next probe later":
            assert (now_is.opened_at, now_is.probe_at, now_is.probing) == (NOW, at + 5, False)
        case "next probe now":
            assert now_is == msgspec.structs.replace(was, probing=False)
            assert now_is.may_probe(at)


def test_a_call_that_began_in_the_moment_the_circuit_opened_is_no_probe() -> None:
    assert succeeded(STATES["probing"], RULES, NOW + 1, began=NOW) == STATES["probing"]


def test_a_call_that_begins_in_the_moment_the_circuit_closed_counts() -> None:
    assert failed(STATES["closed by a probe"], RULES, NOW + 1, began=NOW).failures == 1


def test_an_answer_from_before_the_circuit_closed_does_not_count_though_it_is_heard_late() -> None:
    """Another process was given it."""
    assert failed(STATES["closed by a probe"], RULES, NOW - 1, began=NOW - 2) == STATES["closed by a probe"]


def test_a_clock_that_was_set_back_does_not_make_all_answers_late() -> None:
    at = NOW - LATE_S - 1
    assert failed(STATES["closed by a probe"], RULES, at, began=at - 1).failures == 1


def test_a_late_answer_counts_in_the_slice_of_its_own_time() -> None:
    circuit = succeeded(after("+"), BY_RATE, NOW + 10)
    circuit = succeeded(circuit, BY_RATE, NOW + 6)
    slice_no = int(NOW / 5)
    assert circuit.buckets == ((slice_no, 1, 0), (slice_no + 1, 1, 0), (slice_no + 2, 1, 0))
    assert succeeded(circuit, BY_RATE, NOW).buckets[0] == (slice_no, 2, 0)


def test_an_answer_older_than_the_window_is_in_no_slice() -> None:
    circuit = after("+", BY_RATE)
    assert succeeded(circuit, BY_RATE, NOW - 30) == circuit


def test_under_a_window_of_another_length_the_count_of_the_window_starts_anew() -> None:
    circuit = recounted(after("---", RULES))
    assert (circuit.buckets, circuit.failures) == ((), 3)


# Why it opened


def test_it_says_what_opened_it_until_a_probe_closes_it() -> None:
    assert after("----").why is None
    assert after("-----").why == "5 failures in a row"
    assert after("-", msgspec.structs.replace(IN_A_ROW, failures=1)).why == "1 failure in a row"
    assert after("+-" * 10, BY_RATE).why == "50 % of 20 calls in 30 s failed"
    assert failed(CLOSED, RULES, NOW, at_once=True).why == "unauthorised"
    still = failed(probing(after("-----")), RULES, NOW + 7)
    assert still.why == "5 failures in a row"
    assert succeeded(still, RULES, NOW + 13, began=NOW + 12).why is None


def test_a_send_that_another_worker_let_pass_says_that_its_circuit_has_closed() -> None:
    assert succeeded(after("-----"), RULES, NOW + 6, began=NOW + 5) == Breaker(closed_at=NOW + 6)


# Refusals


def refusing(times: int, circuit: Breaker = CLOSED, rules: BreakerRules = RULES) -> Breaker:
    for _ in range(times):
        circuit = refused(circuit, rules, NOW, NOW)
    return circuit


def test_it_opens_after_so_many_refusals_without_a_success_and_not_one_sooner() -> None:
    assert refusing(19) == Breaker(refused=19)
    circuit = refusing(20)
    assert (circuit.opened_at, circuit.probe_at) == (NOW, NOW + 5)
    assert circuit.why == "20 refusals in a row without a success"


def test_a_success_between_refusals_lets_their_count_start_again_and_a_failure_does_not() -> None:
    assert not is_open(refusing(19, succeeded(refusing(19), RULES, NOW)))
    assert is_open(refusing(10, failed(refusing(10), RULES, NOW)))


def test_no_refusals_open_it_where_the_pool_does_not_want_that() -> None:
    assert not is_open(refusing(1000, rules=msgspec.structs.replace(RULES, refusals=0)))


def test_a_refusal_on_an_open_circuit_only_frees_the_place_of_the_probe() -> None:
    circuit = after("-----")
    assert refused(circuit, RULES, NOW + 9, NOW + 8) == circuit
    assert refused(probing(circuit), RULES, NOW + 9, NOW + 8) == circuit


def test_a_refusal_of_before_the_circuit_closed_does_not_count() -> None:
    closed = Breaker(closed_at=NOW)
    assert refused(closed, RULES, NOW + 1, NOW - 1) == closed


calls = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 1.0, 4.0, 11.0, 40.0]), st.booleans()),
    max_size=80,
)


@repeatable
@given(calls, st.integers(1, 30), st.sampled_from([0.1, 0.25, 0.5, 0.9, 1.0]), st.sampled_from([5.0, 30.0, 77.7]))
def test_it_opens_by_rate_exactly_when_a_plain_count_of_the_window_says_so(
    history: list[tuple[float, bool]], min_calls: int, rate: float, window_s: float
) -> None:
    rules = BreakerRules(failures=10**9, rate=rate, window_s=window_s, min_calls=min_calls)
    circuit, now, seen = CLOSED, NOW, list[tuple[int, bool]]()
    for gap_s, good in history:
        now += gap_s
        newest = int(now * SLICES / window_s)
        seen.append((newest, good))
        circuit = succeeded(circuit, rules, now) if good else failed(circuit, rules, now)
        inside = [well for number, well in seen if number > newest - SLICES]
        too_many = len(inside) >= min_calls and inside.count(False) >= rate * len(inside)
        assert is_open(circuit) == (too_many and not good)
        assert len(circuit.buckets) <= SLICES
        if is_open(circuit):
            return


@repeatable
@given(st.integers(1, 8), st.lists(st.booleans(), max_size=60))
def test_it_opens_in_a_row_exactly_when_the_last_calls_all_failed(limit: int, history: list[bool]) -> None:
    rules = msgspec.structs.replace(IN_A_ROW, failures=limit)
    circuit = CLOSED
    for number, good in enumerate(history, start=1):
        circuit = succeeded(circuit, rules, NOW) if good else failed(circuit, rules, NOW)
        last = history[max(0, number - limit) : number]
        assert is_open(circuit) == (len(last) == limit and not any(last))
        if is_open(circuit):
            return


def test_the_older_slices_of_the_window_keep_their_counts_while_the_newest_one_fills() -> None:
    rules = BreakerRules(failures=10**9, min_calls=8, rate=0.5, window_s=60.0)
    circuit, slice_s = CLOSED, rules.window_s / SLICES
    for number in range(3):
        circuit = failed(circuit, rules, NOW + 0.1 * number)
    for number in range(4):
        circuit = succeeded(circuit, rules, NOW + slice_s + 0.1 * number)
    assert circuit.opened_at is None
    circuit = failed(circuit, rules, NOW + slice_s + 1.0)
    assert circuit.opened_at is not None, "four of eight, over two slices"
