"""The agenda: what delivery does, done in virtual time."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.rules import BreakerRules, Candidate, Rate, RetryRules, Rules
from posthouse.sim.log import Log
from posthouse.sim.model import MadeUp, Providers
from posthouse.sim.run import EPOCH, SAMPLES, SETTLE_S, run
from posthouse.sim.units import Limit, Seconds
from tests.routing.pool import repeatable
from tests.sim.runs import short, spell
from tests.sim.test_model import Loaded

WELL = MadeUp()
DOWN = MadeUp(spells=(spell(fails=1),))


def carriers(log: Log) -> set[str | None]:
    return {story.carrier for story in log.stories}


def test_messages_go_to_the_first_provider_as_they_arrive() -> None:
    log = short({"one": WELL, "two": WELL})
    assert carriers(log) == {"one"}
    assert [attempt.message for attempt in log.attempts] == list(range(200))
    assert all(story.carried_at == story.arrived for story in log.stories)
    assert (log.checks, log.openings) == (0, 0)


def test_what_fails_goes_to_the_next_at_once() -> None:
    log = short({"one": DOWN, "two": WELL})
    assert carriers(log) == {"two"}
    failed = [attempt for attempt in log.attempts if attempt.failed]
    assert {attempt.provider for attempt in failed} == {"one"}
    for attempt in failed:
        assert log.stories[attempt.message].carried_at == attempt.ended


def test_once_the_circuit_is_open_only_health_calls_ask_until_one_is_answered() -> None:
    log = short({"one": MadeUp(spells=(spell(0, 20, fails=1),)), "two": WELL}, messages=400)
    asked = [attempt.began for attempt in log.attempts if attempt.provider == "one"]
    assert (log.openings, log.doubts) == (1, 1)
    assert log.checks >= 4
    assert not [began for began in asked if 1 < began < 20]
    assert [began for began in asked if began > 20]


def test_three_failures_in_a_row_are_enough_to_leave_a_provider_for_another_but_not_to_stop_asking_it_alone() -> None:
    ill = MadeUp(spells=(spell(0, 0.25, fails=1),))
    both = short({"one": ill, "two": WELL})
    assert (both.openings, both.doubts, len([a for a in both.attempts if a.failed])) == (0, 1, 3)
    assert carriers(both) == {"one", "two"}
    alone = short({"one": ill})
    assert (alone.openings, alone.doubts) == (0, 1)
    assert len([story for story in alone.stories if story.carried_at == story.arrived]) == 197


def test_where_messages_are_the_probes_no_health_call_is_made() -> None:
    log = short({"one": DOWN, "two": WELL}, breaker=BreakerRules(traffic=True))
    assert log.checks == 0
    assert [attempt.began for attempt in log.attempts if attempt.provider == "one" and attempt.began > 5]


def test_alone_and_down_everything_waits_and_then_goes() -> None:
    log = short({"one": MadeUp(spells=(spell(0, 8, fails=1),))})
    assert {story.status for story in log.stories} == {"sent"}
    first = log.stories[0]
    assert first.carried_at is not None
    assert first.carried_at >= 8


def test_the_longest_due_goes_first() -> None:
    slow = MadeUp(latency=Seconds(1))
    candidates = (Candidate("one", concurrency=1),)
    log = short({"one": slow}, messages=20, candidates=candidates)
    began = [attempt.began for attempt in sorted(log.attempts, key=lambda attempt: attempt.message)]
    assert began == sorted(began)


def test_a_configured_rate_is_kept() -> None:
    log = short({"one": WELL}, candidates=(Candidate("one", rate=Rate(5, 1.0)),))
    began = sorted(attempt.began for attempt in log.attempts)
    assert all(later - earlier >= 0.999999 for earlier, later in zip(began, began[5:], strict=False))


def test_a_429_makes_it_wait_and_costs_no_failure() -> None:
    log = short({"one": MadeUp(limit=Limit("5/s"))}, messages=50)
    assert {attempt.outcome for attempt in log.attempts} == {"accepted", "throttled"}
    assert not any(attempt.failed for attempt in log.attempts)
    assert {story.status for story in log.stories} == {"sent"}


def test_a_message_whose_time_is_over_fails() -> None:
    log = short({"one": DOWN}, messages=10, retry=RetryRules(first_s=1, factor=1, give_up_after_s=3))
    assert {story.status for story in log.stories} == {"failed"}
    assert carriers(log) == {None}


def test_a_message_that_waits_beyond_its_end_fails_without_an_attempt() -> None:
    log = short({"one": DOWN}, retry=RetryRules(give_up_after_s=4))
    never_tried = {story.place for story in log.stories} - {attempt.message for attempt in log.attempts}
    assert never_tried
    assert {log.stories[place].status for place in never_tried} == {"failed"}


def test_what_ended_while_it_waited_is_not_taken_up_when_there_is_room_again() -> None:
    log = short({"one": MadeUp(spells=(spell(0, 10, fails=1),))}, retry=RetryRules(give_up_after_s=4))
    assert {story.status for story in log.stories} == {"failed", "sent"}
    ended = {story.place for story in log.stories if story.status == "failed"}
    assert not [attempt for attempt in log.attempts if attempt.message in ended and attempt.began > 10]


def test_what_still_waits_long_after_the_last_arrival_is_left_waiting() -> None:
    log = short({"one": DOWN}, messages=20)
    assert "queued" in {story.status for story in log.stories}
    assert max(attempt.ended for attempt in log.attempts) <= SETTLE_S + 2 + DOWN.timeout_s


def test_without_a_message_nothing_happens() -> None:
    log = run(Rules("example.com", candidates=(Candidate("one"),)), [], Providers({"one": WELL}, Loaded(0.5)), 10)
    assert (log.stories, log.attempts) == ([], [])


def test_scores_and_circuits_are_noted_evenly_until_the_end() -> None:
    told: list[float] = []
    answers = Providers({"one": DOWN}, Loaded(0.5))
    arrivals = [(float(number), f"m-{number}") for number in range(90)]
    log = run(Rules("example.com", candidates=(Candidate("one"),)), arrivals, answers, 90, told.append)
    assert [sample.at for sample in log.samples] == told
    assert SAMPLES <= len(told) <= SAMPLES + 1
    assert told[1] == pytest.approx(0.1)
    assert log.samples[0].scores == {"one": 50.0}
    assert log.samples[-1].scores["one"] < 50.0
    assert {sample.circuits["one"] for sample in log.samples} >= {"closed", "distrusted", "open"}


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    ill = {"one": MadeUp(spells=(spell(fails=0.3),)), "two": WELL}
    assert short(ill).attempts == short(ill).attempts
    assert short(ill).attempts != short(ill, seed=2).attempts


shares = st.floats(0, 1 / 3)


@given(
    fails=shares,
    hangs=shares,
    loses=shares,
    messages=st.integers(1, 60),
    seed=st.integers(0, 99),
    traffic=st.booleans(),
)
@repeatable
def test_whatever_providers_do_each_message_has_one_story_and_nothing_runs_backwards(
    fails: float, hangs: float, loses: float, messages: int, seed: int, traffic: bool
) -> None:
    ill = MadeUp(spells=(spell(fails=fails, hangs=hangs, loses=loses),), timeout_s=3)
    log = short({"one": ill, "two": ill}, messages, seed, breaker=BreakerRules(traffic=traffic))
    assert len(log.stories) == messages
    accepted = [attempt.message for attempt in log.attempts if attempt.outcome == "accepted"]
    assert len(accepted) == len(set(accepted))
    for attempt in log.attempts:
        assert log.stories[attempt.message].arrived <= attempt.began <= attempt.ended < inf
    for story in log.stories:
        assert (story.status == "sent") == (story.carried_at is not None) == (story.place in accepted)
        assert story.job.give_up_at > EPOCH
