"""micromailer's own figures, from the same machinery that runs the shipped routing."""

import pytest

from posthouse.cli.simulate import played
from posthouse.routing.rules import Candidate, Rules
from posthouse.sim.reference import micromailer
from tests.sim.runs import report, with_alternative_at


@pytest.mark.parametrize(
    ("name", "percent", "within"), [("outage", 25.00, 0.005), ("half", 14.39, 0.25), ("random", 4.77, 0.4)]
)
def test_alone_as_many_attempts_fail_as_micromailer_measured(name: str, percent: float, within: float) -> None:
    """micromailer's "alone" was an alternative at score 0, which took what the only provider had failed."""
    assert played(with_alternative_at(0, name), 1, "micromailer")[1].failed_percent == pytest.approx(
        percent, abs=within
    )


@pytest.mark.parametrize(
    ("name", "least", "most"), [("outage", 0.04, 0.04), ("half", 0.02, 0.04), ("random", 0.8, 1.6)]
)
def test_with_an_alternative_at_40_too(name: str, least: float, most: float) -> None:
    assert least <= report(name, "micromailer").failed_percent <= most


def test_in_the_outage_seven_attempts_fail_and_the_way_back_takes_two_minutes() -> None:
    """micromailer's plot: tried at 279, 404, 558 and 730 s, back at about 915 s, 115 s after it healed."""
    outage = report("outage", "micromailer")
    assert (outage.attempts, outage.failed) == (18_007, 7)
    assert outage.recovered_s == pytest.approx(115, abs=5)


def test_the_rule_changes_the_policy_and_leaves_the_providers() -> None:
    rules = Rules("example.com", candidates=(Candidate("one", score=9), Candidate("two")), failover=1)
    theirs = micromailer(rules)
    assert theirs.candidates == rules.candidates
    assert (theirs.strategy, theirs.failover, theirs.breaker.traffic) == ("score", None, True)
