"""What routing is told of a pool."""

import pytest

from posthouse.config.rooms import canary, rules
from posthouse.intake.canary import Rounds
from posthouse.providers.catalogue import SPECS
from posthouse.routing.rules import BreakerRules, ScoreRules
from tests.config.sample import config, pool


def told(lines: str) -> BreakerRules:
    return rules(config(pool(lines)).pools["example.com"], SPECS).breaker


@pytest.mark.parametrize("strategy", ["priority", "weighted", "score"])
def test_a_circuit_that_nothing_is_written_of_is_as_routing_has_it_under_every_strategy(strategy: str) -> None:
    assert told(f"strategy: {strategy}") == BreakerRules()


def test_what_is_written_of_a_circuit_counts_under_every_strategy() -> None:
    written = "breaker: {health: 0, probe_passes: 2, probe_again_s: 1, probation_s: 3, refusals: 0, ramp_steps: 0}"
    breaker = told(f"strategy: score\n{written}")
    assert (breaker.health, breaker.probe_passes, breaker.probe_again_s, breaker.probation_s) == (0.0, 2, 1.0, 3.0)
    assert (breaker.refusals, breaker.ramp_steps) == (0, 0)


def test_dummy_messages_that_win_trust_back_come_no_faster_than_the_other_probes() -> None:
    dummies = told("breaker: {probe: {to: ann@example.com}, probe_every_s: 7}")
    assert (dummies.probe_again_s, dummies.traffic) == (7.0, False)
    assert told("breaker: {probe: traffic}").probe_again_s == 0.4


def test_quotas_and_scoring_reach_routing() -> None:
    text = pool("scoring: {degrade: 0.5, gain: 0.2, restore: 60s}").replace("sandbox: {}", "sandbox: {daily: 9}")
    found = rules(config(text).pools["example.com"], SPECS)
    assert (found.candidates[0].daily, found.candidates[0].monthly) == (9, None)
    assert found.scoring == ScoreRules(0.5, 0.2, 60.0)


def test_canaries_go_through_the_providers_that_are_enabled_in_their_order() -> None:
    providers = (
        "providers:\n      b: {type: sandbox}\n      off: {type: sandbox, enabled: false}\n      a: {type: sandbox}"
    )
    text = pool("").replace("providers:\n      sandbox: {}", providers)
    assert canary(config(text)) is None
    asked = "canary: {pool: example.com, to: Ann <ann@example.org>, every: 1m}\n"
    assert canary(config(text + asked)) == Rounds("example.com", "ann@example.org", 60.0, ("b", "a"))
    assert canary(config(text.replace("{type: sandbox}", "{type: sandbox, enabled: false}") + asked)) is None
