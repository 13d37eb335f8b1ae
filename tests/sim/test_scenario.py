"""A scenario's text: what is read from it, and how it is told what is wrong."""

from importlib.resources import files
from typing import Any

import pytest

from posthouse.routing.rules import BreakerRules, Candidate, Rate, RetryRules, Rules, ScoreRules
from posthouse.sim.scenario import Problem, Scenario, read

WHOLE = """\
about: An example.
lasts: 10m
messages: 100
watch: two
policy:
  strategy: weighted
  failover: 2
  on_unsure: hold
  breaker: {failures: 3, window_s: 10}
  retry: {first_s: 1.5}
  scoring: {restore_s: 60}
providers:
  one: {weight: 0.75, rate: 14/s, concurrency: 8}
  two:
    weight: 0.25
    order: 7
    latency: 250ms
    limit: 10/s
    retry_after: 2s
    honest_check: false
    timeout_s: 20
    spells:
      - {from: 1m, until: 2m, fails: 50%, hangs: 0.25, loses: 5 %}
      - {from: 3m, latency: 9s, limit: 1/s}
"""


def good(text: str) -> Scenario:
    found = read(text)
    assert isinstance(found, Scenario), found
    return found


def values(part: object, names: str) -> list[Any]:
    """The values of these fields, whatever they are."""
    return [getattr(part, name) for name in names.split()]


def problems(text: str) -> list[str]:
    found = read(text)
    assert isinstance(found, list)
    return [str(problem) for problem in found]


def test_everything_in_it_is_read() -> None:
    scenario = good(WHOLE)
    assert values(scenario, "about lasts messages watched") == ["An example.", 600, 100, "two"]
    assert scenario.rules == Rules(
        pool="example.com",
        strategy="weighted",
        candidates=(
            Candidate("one", order=1, weight=0.75, rate=Rate(14, 1.0), concurrency=8),
            Candidate("two", order=7, weight=0.25, concurrency=128),
        ),
        breaker=scenario.policy.breaker,
        retry=scenario.policy.retry,
        failover=2,
        on_unsure="hold",
        scoring=scenario.policy.scoring,
    )
    assert (scenario.policy.breaker.failures, scenario.policy.breaker.window_s) == (3, 10)
    assert (scenario.policy.retry.first_s, scenario.policy.scoring.restore_s) == (1.5, 60)
    two = scenario.providers["two"]
    assert values(two, "latency limit retry_after honest_check timeout_s") == [0.25, "10/s", 2, False, 20]
    first, second = two.spells
    assert values(first, "starts ends fails hangs loses") == [60, 120, 0.5, 0.25, 0.05]
    assert values(second, "starts ends latency limit") == [180, float("inf"), 9, "1/s"]


def test_what_is_not_said_is_as_routing_has_it() -> None:
    scenario = good("providers: {one: , two: {}}")
    assert scenario.watched == "one"
    rules = scenario.rules
    assert (rules.strategy, rules.failover, rules.on_unsure) == ("priority", None, "failover")
    assert [candidate.order for candidate in rules.candidates] == [1, 2]
    for ours, theirs in ((rules.breaker, BreakerRules()), (rules.retry, RetryRules()), (rules.scoring, ScoreRules())):
        for name in theirs.__struct_fields__:
            assert getattr(ours, name) == getattr(theirs, name)


def test_messages_arrive_evenly_and_another_seed_gives_them_other_names() -> None:
    scenario = good("lasts: 2s\nmessages: 4\nproviders: {one: }")
    assert scenario.arrivals(3) == [(0.0, "3-0"), (0.5, "3-1"), (1.0, "3-2"), (1.5, "3-3")]
    assert scenario.arrivals(4)[0] == (0.0, "4-0")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file (line 1): expected a mapping"),
        ("- one", "the file (line 1): expected a mapping"),
        ("lasts: 5m", "the file (line 1): providers is required"),
        ("providers: {}", "providers (line 1): expected a mapping with one entry at least"),
        ("providers: [one]", "providers (line 1): expected a mapping with one entry at least"),
        ("providers:\n  one: 5", "providers.one (line 2): expected a mapping"),
        ("providers: {one: }\nlasts: 5", "lasts (line 2): expected a duration such as 50ms, 30s, 5m or 1h30m"),
        ("providers: {one: }\nmessages: 0", "messages (line 2): expected `int` >= 1"),
        ("providers: {one: }\nmessages: many", "messages (line 2): expected `int`, got `str`"),
        ("providers: {one: }\nwatch: three", "watch (line 2): expected the name of a provider: one"),
        (
            "providers: {one: }\npolicy:\n  strategy: best",
            "policy.strategy (line 3): expected priority, weighted or score",
        ),
        ("providers: {one: }\npolicy: {failover: some}", "policy.failover (line 2): expected a whole number or all"),
        (
            "providers:\n  one:\n    limit: 10",
            "providers.one.limit (line 3): expected a rate such as 14/s, 100/m or 5000/h",
        ),
        ("providers:\n  one:\n    spells: none", "providers.one.spells (line 3): expected a list"),
        (
            "providers:\n  one:\n    spells:\n      - {fails: 2}",
            "providers.one.spells[0].fails (line 4): expected a share such as 50% or 0.5",
        ),
        (
            "providers:\n  one:\n    spells:\n      - {from: 5m, until: 1m}",
            "providers.one.spells[0] (line 4): expected `from` before `until`",
        ),
        (
            "providers:\n  one:\n    spells:\n      - {fails: 60%, loses: 60%}",
            "providers.one.spells[0] (line 4): expected fails, hangs and loses to be 100% together at most",
        ),
        (
            "providers:\n  one:\n    spells:\n      - {fails: 60%, hangs: 60%}",
            "providers.one.spells[0] (line 4): expected fails, hangs and loses to be 100% together at most",
        ),
        ("providers: {one: }\nlasts: 5m\nlasts: 6m", "lasts (line 3): given twice"),
        (
            "providers: {one: }\nlasts: [",
            "the file (line 2): not valid YAML: expected the node content, but found '<stream end>'",
        ),
        ("a: 1\n---\nb: 2", "the file (line 2): not valid YAML: but found another document"),
        ("lasts: \x00", "the file (line 1): not valid YAML"),
        ("[" * 5000, "the file (line 1): not valid YAML"),
        ("about: " + "x" * 70000, "the file (line 1): expected at most 65536 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_was_expected(text: str, told: str) -> None:
    assert told in problems(text)


def test_an_unknown_setting_is_told_with_those_there_are() -> None:
    told = problems("providers:\n  one:\n    colour: red\npolicy:\n  breaker: {failed: 3}")
    assert told[0].startswith(
        "providers.one.colour (line 3): unknown setting: expected concurrency, honest_check, latency"
    )
    assert told[1].startswith("policy.breaker.failed (line 5): unknown setting: expected ")


def test_what_is_merged_from_elsewhere_is_told_at_the_entry_that_merges_it() -> None:
    told = problems("providers:\n  one: &one {latency: 5}\n  two:\n    <<: *one\n")
    assert [line.partition(": ")[0] for line in told] == [
        "providers.one.latency (line 2)",
        "providers.two.latency (line 3)",
    ]


def test_every_problem_is_told_at_once_in_the_order_of_the_lines() -> None:
    found = read("lasts: 5\nmessages: 0\nproviders:\n  one: {latency: 5}\n")
    assert isinstance(found, list)
    assert [(problem.line, problem.path) for problem in found] == [
        (1, "lasts"),
        (2, "messages"),
        (4, "providers.one.latency"),
    ]
    assert found == sorted(found)
    assert all(isinstance(problem, Problem) for problem in found)


def test_each_scenario_that_is_built_in_is_sound_and_says_what_it_is_about() -> None:
    texts = [entry.read_text("utf-8") for entry in files("posthouse.sim").joinpath("scenarios").iterdir()]
    assert len(texts) == 10
    for text in texts:
        assert good(text).about.endswith(".")
