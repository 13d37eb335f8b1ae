"""The slow start: who is admitted when, the same everywhere."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.breaker import Breaker, failed, refused, succeeded
from posthouse.routing.ramp import admitted_at, on_probation, ramping, share
from posthouse.routing.rules import BreakerRules
from tests.routing.pool import NOW, repeatable

RULES = BreakerRules()
HEALED = Breaker(closed_at=NOW)


def test_the_share_doubles_each_second_until_it_is_whole() -> None:
    assert [share(NOW, RULES, NOW + s) for s in (0, 0.9, 1, 2, 3)] == [1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 2]
    assert [ramping(NOW, RULES, NOW + s) for s in (-0.1, 0, 3.9, 4)] == [False, True, True, False]


def test_steps_may_be_longer_and_fewer_and_none() -> None:
    slow = msgspec.structs.replace(RULES, ramp_steps=2, ramp_step_s=10.0)
    assert [share(NOW, slow, NOW + s) for s in (0, 10)] == [1 / 4, 1 / 2]
    assert [ramping(NOW, slow, NOW + s) for s in (19.9, 20)] == [True, False]
    assert not ramping(NOW, msgspec.structs.replace(RULES, ramp_steps=0), NOW)


def test_what_never_came_back_has_no_ramp_and_is_on_no_probation() -> None:
    for now in (0.0, 1.0, NOW):
        assert not ramping(0.0, RULES, now)
        assert not on_probation(0.0, RULES, now)


def test_probation_goes_on_after_the_ramp_and_is_never_shorter() -> None:
    assert [on_probation(NOW, RULES, NOW + s) for s in (-0.1, 0, 9.9, 10)] == [False, True, True, False]
    none = msgspec.structs.replace(RULES, probation_s=0.0)
    assert [on_probation(NOW, none, NOW + s) for s in (0, 3.9, 4)] == [True, True, False]


@pytest.mark.parametrize("step", range(4))
def test_so_many_messages_are_admitted_as_the_share_says(step: int) -> None:
    now = NOW + step
    admitted = sum(admitted_at(NOW, RULES, f"m-{number}", "a") <= now for number in range(8000))
    assert admitted / 8000 == pytest.approx(share(NOW, RULES, now), abs=0.015)


@repeatable
@given(st.text(max_size=9), st.sampled_from("abc"), st.integers(0, 8), st.sampled_from([0.5, 1.0, 7.0]))
def test_every_message_is_admitted_at_a_step_and_stays_admitted(
    id_: str, provider: str, steps: int, step_s: float
) -> None:
    rules = msgspec.structs.replace(RULES, ramp_steps=steps, ramp_step_s=step_s)
    at = admitted_at(NOW, rules, id_, provider)
    assert at == admitted_at(NOW, rules, id_, provider)
    assert at in [NOW + step * step_s for step in range(steps + 1)]


def test_messages_are_admitted_at_each_provider_for_itself() -> None:
    drawn = [tuple(admitted_at(NOW, RULES, f"m-{number}", name) for name in "ab") for number in range(200)]
    assert any(at_a != at_b for at_a, at_b in drawn)


def test_an_answer_from_before_the_circuit_closed_is_not_counted() -> None:
    assert failed(HEALED, RULES, NOW + 1, began=NOW - 1) == HEALED


def test_failures_successes_and_refusals_leave_the_ramp_as_it_is() -> None:
    for answered in (failed, succeeded, refused):
        assert ramping(answered(HEALED, RULES, NOW + 1, began=NOW).closed_at, RULES, NOW + 1)
