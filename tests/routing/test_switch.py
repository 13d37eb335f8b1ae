"""Switches: what is said of a held provider, and which attempts a simulated failure takes."""

from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.outcome import Deferred, Outcome, Throttled, Unauthorised, Unsure
from posthouse.routing.switch import ON, Failing, Mode, Switch, simulated
from tests.routing.pool import NOW, repeatable


@pytest.mark.parametrize(
    ("switch", "told"),
    [
        (Switch("pause"), "paused"),
        (Switch("pause", by="ann"), "paused by ann"),
        (Switch("pause", "moving house"), "paused: moving house"),
        (Switch("drain", "moving house", "ann"), "drained by ann: moving house"),
    ],
)
def test_a_held_provider_says_who_held_it_and_why(switch: Switch, told: str) -> None:
    assert switch.told() == told


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        ("error", Deferred(503, "simulated failure")),
        ("timeout", Unsure(detail="simulated failure")),
        ("throttle", Throttled(429, "simulated failure")),
        ("unauthorised", Unauthorised(401, "simulated failure")),
    ],
)
def test_a_simulated_failure_has_the_outcome_of_its_mode(mode: Mode, outcome: Outcome) -> None:
    assert simulated(Switch(failing=Failing(mode)), "m-1", 1, NOW) == outcome


def test_a_mode_that_is_none_is_a_fault_of_ours_and_raises() -> None:
    with pytest.raises(AssertionError):
        simulated(Switch(failing=Failing(cast("Mode", "shrug"))), "m-1", 1, NOW)


def test_where_nothing_is_simulated_the_real_provider_is_asked() -> None:
    assert simulated(ON, "m-1", 1, NOW) is None
    assert simulated(Switch("drain"), "m-1", 1, NOW) is None
    assert simulated(Switch(failing=Failing(rate=0.0)), "m-1", 1, NOW) is None


def test_a_simulated_failure_ends_at_its_time() -> None:
    switch = Switch(failing=Failing(until=NOW))
    assert simulated(switch, "m-1", 1, NOW - 0.001) is not None
    assert simulated(switch, "m-1", 1, NOW) is None


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_it_takes_its_share_of_the_attempts_each_drawn_for_itself(rate: float) -> None:
    switch = Switch(failing=Failing(rate=rate))
    of_messages = [simulated(switch, f"m-{number}", 1, NOW) is not None for number in range(4000)]
    of_attempts = [simulated(switch, "m-1", number, NOW) is not None for number in range(4000)]
    assert sum(of_messages) / 4000 == pytest.approx(rate, abs=0.03)
    assert sum(of_attempts) / 4000 == pytest.approx(rate, abs=0.03)


@repeatable
@given(st.text(max_size=9), st.integers(1, 99), st.floats(0, 1))
def test_every_worker_says_the_same_of_an_attempt(id_: str, number: int, rate: float) -> None:
    switch = Switch(failing=Failing(rate=rate))
    assert simulated(switch, id_, number, NOW) == simulated(switch, id_, number, NOW + 60)


def test_a_switch_comes_back_from_the_store_as_it_went_in() -> None:
    for switch in (ON, Switch("pause", "moving house", "ann", NOW, Failing("timeout", 0.5, NOW + 9))):
        assert msgspec.json.decode(msgspec.json.encode(switch), type=Switch) == switch
    assert msgspec.json.encode(ON) == b"{}"
