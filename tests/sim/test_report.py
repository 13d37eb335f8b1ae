"""The figures of a run, counted by hand."""

import pytest

from posthouse.routing.rules import Candidate, Job, Rules
from posthouse.sim.log import Attempt, Log, Story
from posthouse.sim.model import MadeUp
from posthouse.sim.report import lines, loads, measured, summary
from tests.sim.runs import report, short, spell

RULES = Rules("example.com", candidates=(Candidate("one", order=1), Candidate("two", order=2)))


def log_of(*carried: tuple[float, str | None]) -> Log:
    """Messages that arrived at these times, each carried by that provider at once; None: it waits."""
    log = Log(RULES, [], [])
    for place, (at, carrier) in enumerate(carried):
        status, carried_at = ("queued", None) if carrier is None else ("sent", at)
        log.stories.append(
            Story(
                Job(f"m-{place}", "example.com", 9e9),
                place,
                at,
                "queued" if status == "queued" else "sent",
                carried_at,
                carrier,
            )
        )
        if carrier is not None:
            log.attempts.append(Attempt(place, carrier, at, at + 0.1, "accepted", False, True))
    return log


def test_attempts_are_counted_by_what_came_of_them() -> None:
    log = log_of((0, "one"), (1, "two"), (2, None))
    log.attempts += [
        Attempt(1, "one", 1, 1.1, "deferred", True, False),
        Attempt(2, "one", 2, 2.1, "throttled", False, False),
    ]
    told = measured(log, "one", None)
    assert (told.messages, told.sent, told.waiting, told.over) == (3, 2, 1, 0)
    assert (told.attempts, told.failed, told.throttled) == (3, 1, 1)
    assert told.failed_percent == pytest.approx(33.33)
    one, two = told.loads
    assert (one.attempts, one.failed, one.throttled, one.share, one.peak) == (3, 1, 1, 0.5, 1)
    assert (two.attempts, two.failed, two.throttled, two.share, two.peak) == (1, 0, 0, 0.5, 1)


def test_a_message_is_delayed_when_the_attempt_that_carried_it_began_later() -> None:
    log = log_of(*[(float(number), "one") for number in range(100)])
    for story, delay_s in zip(log.stories[:4], (1, 2, 3, 40), strict=True):
        story.carried_at = story.arrived + delay_s
    told = measured(log, "one", None)
    assert (told.delayed, told.p50_s, told.p99_s, told.max_s) == (4, 3, 40, 40)


def test_away_are_the_seconds_in_which_it_carried_less_than_its_own() -> None:
    log = log_of(
        *[
            (second + tenth / 10, "two" if 3 <= second < 5 or (second == 7 and tenth == 0) else "one")
            for second in range(10)
            for tenth in range(10)
        ]
    )
    assert measured(log, "one", None).away_s == 2


def test_back_is_the_end_of_the_first_second_in_which_it_carries_its_own_again() -> None:
    log = log_of(*[(number / 10, "two" if 3 <= number / 10 < 7.5 else "one") for number in range(100)])
    assert measured(log, "one", 5.0).recovered_s == 4  # the eighth second, from 8 to 9, is the first whole one
    assert measured(log, "one", 5.5).recovered_s == 3  # the seconds are counted from the healing: from 7.5 to 8.5
    assert measured(log, "one", None).recovered_s is None
    assert measured(log_of((1, "two")), "one", 0.5).recovered_s is None


def test_the_survivor_is_any_other_provider() -> None:
    log = log_of(*[(5.0, "two")] * 7, (6.0, "two"), *[(7.0, "one")] * 9)
    assert measured(log, "one", None).survivor_peak == 7
    assert measured(log, "two", None).survivor_peak == 9
    alone = short({"one": MadeUp()}, 3)
    assert measured(alone, "one", None).survivor_peak == 0


def test_lost_was_told_as_sent_and_reached_nobody() -> None:
    lost = measured(short({"one": MadeUp(spells=(spell(loses=1),))}, 20), "one", None)
    assert (lost.sent, lost.lost, lost.doubled) == (20, 20, 0)


def test_doubled_reached_somebody_twice() -> None:
    twice = measured(short({"one": MadeUp(timeout_s=2, spells=(spell(hangs=1),)), "two": MadeUp()}, 20), "one", None)
    assert twice.doubled == 20
    assert twice.lost == 0


def test_an_empty_run_has_figures_too() -> None:
    told = measured(Log(RULES, [], []), "one", None)
    assert (told.attempts, told.failed_percent, told.p99_s, told.away_s) == (0, 0, 0, 0)
    assert [load.share for load in told.loads] == [0, 0]


def test_weighted_messages_belong_to_the_provider_that_wins_their_lot() -> None:
    """So nobody is away merely because chance gave one second to others."""
    candidates = (Candidate("one", weight=0.6), Candidate("two", weight=0.4))
    log = short({"one": MadeUp(), "two": MadeUp()}, candidates=candidates, strategy="weighted")
    told = measured(log, "one", None)
    assert told.away_s == 0
    assert 0.5 < told.loads[0].share < 0.7


def test_everything_is_told_in_lines() -> None:
    told = report("outage")
    text = "\n".join(lines(told))
    for name, value in summary(told):
        assert f"{name} " in text
        assert value in text
    assert [provider for provider, _ in loads(told)] == ["preferred", "alternative"]
    assert "preferred: attempts " in text
    assert "throttled 0, carried " in text


def test_what_did_not_end_well_is_told_beside_the_messages() -> None:
    log = log_of((0, "one"), (1, None), (2, None))
    log.stories[1].status = "failed"
    assert dict(summary(measured(log, "one", None)))["messages"] == "3 (1 failed, 1 waiting)"
