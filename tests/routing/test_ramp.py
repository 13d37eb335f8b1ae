"""The slow start: who is admitted when, the same everywhere, and one failure ends it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.breaker import CLOSED, Breaker, failed, refused, succeeded
from posthouse.routing.ramp import admitted_at, ramping, share
from posthouse.routing.rules import BreakerRules
from tests.routing.pool import NOW, repeatable

RULES = BreakerRules()
HEALED = Breaker(closed_at=NOW)


def test_the_share_doubles_each_second_until_it_is_whole() -> None:
    assert [share(HEALED, RULES, NOW + s) for s in (0, 0.9, 1, 2, 3)] == [1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 2]
    assert [ramping(HEALED, RULES, NOW + s) for s in (-0.1, 0, 3.9, 4)] == [False, True, True, False]


def test_steps_may_be_longer_and_fewer_and_none() -> None:
    slow = msgspec.structs.replace(RULES, ramp_steps=2, ramp_step_s=10.0)
    assert [share(HEALED, slow, NOW + s) for s in (0, 10)] == [1 / 4, 1 / 2]
    assert [ramping(HEALED, slow, NOW + s) for s in (19.9, 20)] == [True, False]
    assert not ramping(HEALED, msgspec.structs.replace(RULES, ramp_steps=0), NOW)


def test_a_circuit_that_never_opened_has_no_ramp_nor_one_that_is_open() -> None:
    assert not ramping(CLOSED, RULES, 0.0)
    assert not ramping(CLOSED, RULES, NOW)
    assert not ramping(Breaker(opened_at=NOW, closed_at=NOW), RULES, NOW)


@pytest.mark.parametrize("step", range(4))
def test_so_many_messages_are_admitted_as_the_share_says(step: int) -> None:
    now = NOW + step
    admitted = sum(admitted_at(HEALED, RULES, f"m-{number}", "a") <= now for number in range(8000))
    assert admitted / 8000 == pytest.approx(share(HEALED, RULES, now), abs=0.015)


@repeatable
@given(st.text(max_size=9), st.sampled_from("abc"), st.integers(0, 8), st.sampled_from([0.5, 1.0, 7.0]))
def test_every_message_is_admitted_at_a_step_and_stays_admitted(
    id_: str, provider: str, steps: int, step_s: float
) -> None:
    rules = msgspec.structs.replace(RULES, ramp_steps=steps, ramp_step_s=step_s)
    at = admitted_at(HEALED, rules, id_, provider)
    assert at == admitted_at(HEALED, rules, id_, provider)
    assert at in [NOW + step * step_s for step in range(steps + 1)]


def test_messages_are_admitted_at_each_provider_for_itself() -> None:
    drawn = [tuple(admitted_at(HEALED, RULES, f"m-{number}", name) for name in "ab") for number in range(200)]
    assert any(at_a != at_b for at_a, at_b in drawn)


def test_one_failure_while_it_ramps_up_opens_the_circuit_again() -> None:
    again = failed(HEALED, RULES, NOW + 3.9, began=NOW + 3)
    assert (again.opened_at, again.why) == (NOW + 3.9, "it failed again just after it had closed")
    assert failed(HEALED, RULES, NOW + 4, began=NOW + 3).opened_at is None
    assert failed(HEALED, msgspec.structs.replace(RULES, ramp_steps=0), NOW + 1, began=NOW + 1).opened_at is None


def test_on_probation_one_failure_opens_it_again_though_all_messages_pass() -> None:
    wary = msgspec.structs.replace(RULES, probation_s=15.0)
    assert not ramping(HEALED, wary, NOW + 14)
    assert failed(HEALED, wary, NOW + 14.9, began=NOW + 14).opened_at == NOW + 14.9
    assert failed(HEALED, wary, NOW + 15, began=NOW + 14).opened_at is None
    assert failed(CLOSED, wary, 1.0).opened_at is None, "a circuit that never opened is on no probation"


def test_an_answer_from_before_the_circuit_closed_does_not_end_the_ramp() -> None:
    assert failed(HEALED, RULES, NOW + 1, began=NOW - 1) == HEALED


def test_successes_and_refusals_leave_the_ramp_as_it_is() -> None:
    assert ramping(succeeded(HEALED, RULES, NOW + 1, began=NOW), RULES, NOW + 1)
    assert ramping(refused(HEALED, RULES, NOW + 1, began=NOW), RULES, NOW + 1)
