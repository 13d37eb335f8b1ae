"""What routing is told of a pool."""

import pytest

from posthouse.config.rooms import rules
from posthouse.providers.catalogue import SPECS
from posthouse.routing.rules import BreakerRules, ScoreRules
from tests.config.sample import config, pool


def told(lines: str) -> BreakerRules:
    return rules(config(pool(lines)).pools["example.com"], SPECS).breaker


@pytest.mark.parametrize("strategy", ["priority", "score"])
def test_a_circuit_that_nothing_is_written_of_has_the_defaults_of_its_strategy(strategy: str) -> None:
    breaker = told(f"strategy: {strategy}")
    scored = strategy == "score"
    assert (breaker.failures, breaker.rate, breaker.refusals) == (5, 0.5, 20)
    assert (breaker.health, breaker.probe_passes, breaker.probation_s) == ((0.8, 8, 15.0) if scored else (0.0, 1, 0.0))


def test_what_is_written_of_a_circuit_counts_under_every_strategy() -> None:
    written = "breaker: {health: 0, probe_passes: 2, probation_s: 3, refusals: 0, ramp_steps: 0, ramp_step_s: 2}"
    breaker = told(f"strategy: score\n{written}")
    assert (breaker.health, breaker.probe_passes, breaker.probation_s) == (0.0, 2, 3.0)
    assert (breaker.refusals, breaker.ramp_steps, breaker.ramp_step_s) == (0, 0, 2.0)


def test_quotas_and_scoring_reach_routing() -> None:
    text = pool("scoring: {degrade: 0.5, gain: 0.2, restore: 60s}").replace("sandbox: {}", "sandbox: {daily: 9}")
    found = rules(config(text).pools["example.com"], SPECS)
    assert (found.candidates[0].daily, found.candidates[0].monthly) == (9, None)
    assert found.scoring == ScoreRules(0.5, 0.2, 60.0)
