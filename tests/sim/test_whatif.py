"""Recorded attempts under another policy: what is known comes back, what is not is counted."""

import msgspec
import pytest

from posthouse.routing.rules import Candidate, Rules
from posthouse.sim.log import Log
from posthouse.sim.model import MadeUp
from posthouse.sim.whatif import Recorded, Replay, certainty, compared, replay
from tests.routing.pool import NEVER_OPENS
from tests.sim.runs import short, spell

NOW = 1_790_000_000.0
ONE_TWO = Rules("example.com", candidates=(Candidate("one", order=1), Candidate("two", order=2)))
TWO_ONE = Rules("example.com", candidates=(Candidate("one", order=2), Candidate("two", order=1)))


def rows(log: Log) -> list[Recorded]:
    """What a store would have recorded of a run."""
    return [
        Recorded(
            log.stories[attempt.message].job.id,
            NOW + attempt.began,
            attempt.provider,
            attempt.outcome,
            attempt.ended - attempt.began,
            attempt.failed,
        )
        for attempt in log.attempts
    ]


def replayed(recorded: list[Recorded], rules: Rules) -> Replay:
    found = replay(recorded, rules)
    assert found is not None
    return found


def one(
    outcome: str, at: float = NOW, message: str = "m-1", provider: str = "one", *, blamed: bool = False
) -> Recorded:
    return msgspec.convert(
        {"message": message, "at": at, "provider": provider, "outcome": outcome, "latency_s": 0.1, "blamed": blamed},
        Recorded,
    )


def test_under_the_same_policy_what_happened_happens_again() -> None:
    log = short({"one": MadeUp(spells=(spell(fails=0.1),)), "two": MadeUp()})
    found = replayed(rows(log), ONE_TWO)
    assert found.guessed == 0
    for name in ("messages", "sent", "attempts", "failed", "lost", "doubled"):
        assert getattr(found.then, name) == getattr(found.recorded, name)
    assert found.recorded.failed == sum(attempt.failed for attempt in log.attempts) > 0


def test_a_policy_that_asks_the_well_one_first_is_told_to_fail_less() -> None:
    log = short({"one": MadeUp(spells=(spell(fails=0.3),)), "two": MadeUp()}, breaker=NEVER_OPENS)
    found = replayed(rows(log), TWO_ONE)
    assert found.recorded.failed > 10
    assert found.then.failed == 0
    assert found.near > 0


def test_a_provider_that_nobody_asked_is_taken_as_well_and_that_is_said() -> None:
    found = replayed([one("accepted", NOW + number, f"m-{number}") for number in range(10)], TWO_ONE)
    assert (found.known, found.near, found.guessed) == (0, 0, 10)
    assert found.then.loads[1].attempts == 10
    assert certainty(found).startswith("0 % of its answers were recorded")
    assert "100 % are guessed" in certainty(found)


def test_an_answer_tells_nothing_of_a_message_more_than_a_minute_away() -> None:
    seen = [one("deferred", NOW, "m-1", blamed=True), one("accepted", NOW + 0.2, "m-1", "two")]
    near = replayed([*seen, one("accepted", NOW + 50, "m-2", "two")], ONE_TWO)
    far = replayed([*seen, one("accepted", NOW + 70, "m-2", "two")], ONE_TWO)
    assert (near.near, near.guessed) == (1, 0)
    assert (far.near, far.guessed) == (0, 1)
    assert near.then.failed == 2
    assert far.then.failed == 1


@pytest.mark.parametrize("outcome", ["refused", "deferred"])
def test_what_was_the_messages_own_fault_says_nothing_of_the_next(outcome: str) -> None:
    found = replayed([one(outcome), one("accepted", NOW + 1, "m-2", "two")], ONE_TWO)
    again = outcome == "deferred"  # at the same provider, later
    assert found.near == 1 + again
    assert found.then.loads[0].attempts == 2 + again
    assert found.then.failed == 0


@pytest.mark.parametrize(("outcome", "failed"), [("unauthorised", 1), ("unsure", 1), ("throttled", 0)])
def test_every_outcome_comes_back_as_itself(outcome: str, failed: int) -> None:
    found = replayed([one(outcome, blamed=outcome != "throttled"), one("accepted", NOW + 0.2, "m-1", "two")], ONE_TWO)
    assert found.then.failed == found.recorded.failed == failed
    assert found.then.throttled == found.recorded.throttled == (outcome == "throttled")
    assert found.known == 2


def test_a_crash_of_our_own_says_nothing_of_the_provider() -> None:
    found = replayed([one("unsure"), one("accepted", NOW + 5, "m-2")], ONE_TWO)
    assert found.then.failed == 0
    assert found.then.sent == 2


def test_a_health_call_is_answered_as_the_messages_of_that_time_were() -> None:
    down = [one("deferred", NOW + number / 10, f"m-{number}", blamed=True) for number in range(600)]
    over = [one("accepted", NOW + number / 10, f"m-{number}", "two") for number in range(600)]
    late = [one("accepted", NOW + 60 + number / 10, f"n-{number}") for number in range(300)]
    found = replayed(down + over + late, ONE_TWO)
    assert found.recorded.failed == 600
    assert 3 <= found.then.failed <= 8
    assert found.then.checks > 5
    assert found.then.loads[0].attempts > 200


def test_a_health_call_without_an_answer_is_a_failed_one_and_without_a_witness_it_is_well() -> None:
    hanging = [one("unsure", NOW + number / 10, f"m-{number}", blamed=True) for number in range(100)]
    quiet = replayed([*hanging, one("accepted", NOW + 300, "m-last", "two")], ONE_TWO)
    assert quiet.then.checks > 1
    assert quiet.then.openings == 1


def test_without_attempts_or_providers_there_is_nothing_to_tell() -> None:
    assert replay([], ONE_TWO) is None
    assert replay([one("accepted")], Rules("example.com")) is None


def test_the_comparison_names_what_was_and_what_would_have_been() -> None:
    log = short({"one": MadeUp(spells=(spell(fails=0.3),)), "two": MadeUp()})
    only_two = Rules("example.com", candidates=(Candidate("two"), Candidate("three", order=2)))
    table = {what: (was, then) for what, was, then in compared(replayed(rows(log), only_two))}
    assert table["failed attempts"][1] == "0 = 0.00 %"
    assert table["carried by three"] == ("0.0 %", "0.0 %")
    assert table["carried by one"][1] == "-"
    assert table["carried by two"][1] == "100.0 %"
