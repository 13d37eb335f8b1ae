"""Trust: when a provider loses it, how it wins it back, and who carries the mail meanwhile."""

from collections import Counter

import msgspec
import pytest
from hypothesis import assume, given

from posthouse.routing.board import Board, Fact
from posthouse.routing.breaker import CLOSED, LATE_S, Breaker
from posthouse.routing.filters import cannot, ready
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled
from posthouse.routing.ramp import admitted_at
from posthouse.routing.retry import after
from posthouse.routing.router import Send, decide
from posthouse.routing.rules import BreakerRules, Candidate, Job
from posthouse.routing.trust import TRUSTED, Trust, doubt, observed, over, under_test
from tests.routing.anything import boards, jobs
from tests.routing.pool import (
    NOW,
    OUTCOMES,
    broken,
    candidate,
    distrusted,
    failing,
    message,
    on_its_course,
    pool,
    repeatable,
    standing,
    trusted_again,
)

RULES = BreakerRules(probe_passes=3)
TRAFFIC = BreakerRules(probe_passes=3, traffic=True)
LOST = Trust(NOW, "its health fell below 0.8", NOW + 5)
GOOD, BAD = Accepted(), Deferred(503)


def told(
    outcome: Outcome,
    at: float,
    began: float | None = None,
    *,
    was: Trust = LOST,
    probe: bool = False,
    health: float = 0.9,
    rules: BreakerRules = RULES,
) -> Trust:
    """Trust after that answer; nothing of the circuit changes."""
    return observed(was, CLOSED, CLOSED, Fact.of("a", outcome, at, began, probe=probe), health, rules)


def chosen(board: Board, job: Job | None = None, now: float = NOW) -> str:
    decision = decide(job or message(), board, now)
    assert isinstance(decision, Send)
    return decision.candidate.name


def why(board: Board, name: str) -> str:
    return dict(decide(message(), board, NOW).passed_over)[name]


# Losing it


def test_it_is_lost_when_health_falls_below_what_the_pool_wants() -> None:
    assert told(BAD, NOW, was=TRUSTED, health=0.8) == TRUSTED
    assert told(BAD, NOW, was=TRUSTED, health=0.79) == LOST
    never = msgspec.structs.replace(RULES, health=0.0)
    assert told(BAD, NOW, was=TRUSTED, health=0.0, rules=never) == TRUSTED


@pytest.mark.parametrize("outcome", [GOOD, Refused("recipient"), Throttled(429)])
def test_what_does_not_speak_against_the_provider_costs_no_trust(outcome: Outcome) -> None:
    assert told(outcome, NOW, was=TRUSTED, health=0.1) == TRUSTED


def test_one_failure_on_probation_loses_it_again_and_none_after() -> None:
    back = Trust(regained_at=NOW)
    again = told(BAD, NOW + 9.9, NOW + 9, was=back)
    assert again == Trust(NOW + 9.9, "it failed again just after it had come back", NOW + 14.9)
    assert told(BAD, NOW + 10, NOW + 9, was=back) == back


def test_a_failure_of_a_call_from_before_it_was_won_back_is_not_held_against_it() -> None:
    back = Trust(regained_at=NOW)
    assert told(BAD, NOW + 1, NOW - 1, was=back, health=0.1) == back
    assert told(BAD, NOW + 1, NOW, was=back).lost_at == NOW + 1


def test_while_the_circuit_is_open_there_is_nothing_to_trust() -> None:
    opened = Breaker(opened_at=NOW, why="unauthorised")
    fact = Fact.of("a", BAD, NOW)
    assert observed(LOST, CLOSED, opened, fact, 0.1, RULES) == TRUSTED
    assert observed(TRUSTED, opened, opened, fact, 0.1, RULES) == TRUSTED


# Winning it back


def test_a_circuit_that_closes_leaves_the_provider_distrusted_until_the_rest_of_the_probes_has_passed() -> None:
    opened = Breaker(opened_at=NOW - 9, why="5 failures in a row")
    fact = Fact.of("a", GOOD, NOW, NOW, probe=True)
    closed = observed(TRUSTED, opened, Breaker(closed_at=NOW), fact, 0.5, RULES)
    assert closed == Trust(NOW, "its circuit was open: 5 failures in a row", NOW + 0.4, passes=1)
    nobody_knows = observed(TRUSTED, Breaker(opened_at=NOW - 9), Breaker(closed_at=NOW), fact, 0.5, RULES)
    assert nobody_knows.why == "its circuit was open"
    one = msgspec.structs.replace(RULES, probe_passes=1)
    assert observed(TRUSTED, opened, Breaker(closed_at=NOW), fact, 0.5, one) == Trust(regained_at=NOW)


def test_so_many_tests_in_a_row_must_pass_each_soon_after_the_last() -> None:
    trust, now = LOST, NOW + 5
    for passes in (1, 2):
        assert trust.may_probe(now)
        trust = told(GOOD, now, now, was=under_test(trust), probe=True)
        assert (trust.lost_at, trust.passes, trust.probe_at, trust.probing) == (NOW, passes, now + 0.4, False)
        now += 0.4
    assert told(GOOD, now, now, was=under_test(trust), probe=True) == Trust(regained_at=now)


def test_a_test_that_failed_lets_their_count_start_again_after_the_wait() -> None:
    once = told(GOOD, NOW + 5, NOW + 5, was=under_test(LOST), probe=True)
    assert told(BAD, NOW + 6, NOW + 5.5, was=under_test(once), probe=True) == msgspec.structs.replace(
        LOST, probe_at=NOW + 11
    )


@pytest.mark.parametrize("name", ["throttled", "refused: recipient", "greylisted"])
def test_a_test_that_tells_nothing_is_followed_by_another_and_keeps_the_count(name: str) -> None:
    once = told(GOOD, NOW + 5, NOW + 5, was=under_test(LOST), probe=True)
    neither = told(OUTCOMES[name], NOW + 6, NOW + 5.5, was=under_test(once), probe=True)
    assert (neither.passes, neither.probing, neither.probe_at) == (1, False, NOW + 6.4)
    assert told(OUTCOMES[name], NOW + 6, NOW + 5.5, was=once) == once, "a message that tells nothing changes nothing"


def test_a_test_is_one_at_a_time_and_only_where_trust_is_lost() -> None:
    assert [LOST.may_probe(NOW + s) for s in (4.9, 5, 60)] == [False, True, True]
    assert not under_test(LOST).may_probe(NOW + 60)
    assert over(under_test(LOST)) == LOST
    assert over(LOST) is LOST
    assert not TRUSTED.may_probe(NOW)
    assert under_test(TRUSTED) == TRUSTED


def test_messages_it_carried_for_want_of_another_count_but_not_more_often_than_tests_might() -> None:
    assert told(GOOD, NOW + 4.9, NOW + 1) == LOST
    once = told(GOOD, NOW + 5, NOW + 1)
    assert (once.passes, once.probe_at) == (1, NOW + 5.4)
    assert told(GOOD, NOW + 5.3, NOW + 5, was=once) == once
    asked = told(GOOD, NOW + 5.4, NOW + 5, was=under_test(once))
    assert (asked.passes, asked.probing) == (2, True), "the health call on its way is still that"


def test_a_message_that_fails_there_puts_the_next_test_off() -> None:
    once = told(GOOD, NOW + 5, NOW + 5, was=under_test(LOST), probe=True)
    failed = told(BAD, NOW + 6, NOW + 5.5, was=under_test(once))
    assert (failed.passes, failed.probe_at, failed.probing) == (0, NOW + 11, True)


def test_answers_to_calls_from_before_it_was_lost_tell_nothing() -> None:
    once = told(GOOD, NOW + 5, NOW + 5, was=under_test(LOST), probe=True)
    for outcome in (GOOD, BAD):
        assert told(outcome, NOW + 7, NOW, was=once) == once


def test_where_messages_are_the_probes_the_first_answer_after_one_began_is_taken_for_its_own() -> None:
    assert told(GOOD, NOW + 1, NOW + 1, was=under_test(LOST), rules=TRAFFIC).passes == 1
    assert told(GOOD, NOW + 1, NOW + 1, was=LOST, rules=TRAFFIC) == LOST


# What a message finds


def test_a_distrusted_provider_comes_after_all_others_whatever_the_strategy_says() -> None:
    for board in (
        pool("a", "b", "c"),
        pool(Candidate("a", weight=1.0), Candidate("b", weight=0.1), Candidate("c", weight=0.0), strategy="weighted"),
        pool(Candidate("a", score=90), Candidate("b", score=50), Candidate("c", score=1), strategy="score"),
    ):
        assert chosen(distrusted(board, "a")) == "b"
        assert why(distrusted(board, "a"), "a") == "distrusted: its health fell below 0.8, comes after b"
        assert chosen(distrusted(distrusted(board, "a"), "b")) == "c"
        assert chosen(distrusted(distrusted(distrusted(board, "a"), "b"), "c")) == "a"


def test_it_carries_what_nobody_else_can_and_what_asks_for_it() -> None:
    assert chosen(distrusted(pool("a"), "a")) == "a"
    assert chosen(broken(distrusted(pool("a", "b"), "a"), "b")) == "a"
    assert chosen(distrusted(pool("a", "b"), "a"), message(provider="a")) == "a"
    tagged = distrusted(pool(Candidate("a", tags=frozenset({"eu"})), "b"), "a")
    assert chosen(tagged, message(require_tags=frozenset({"eu"}))) == "a"
    assert chosen(distrusted(pool("a", "b"), "a"), on_its_course(message(), again="a")) == "a"


def test_what_another_has_failed_goes_to_it_at_once() -> None:
    board = failing(distrusted(pool("a", "b"), "a"), "b")
    then = after(message(), "b", OUTCOMES["deferred"], board, NOW)
    assert then.due_at == NOW
    assert chosen(board, on_its_course(message(), tried=then.course.tried)) == "a"


def test_when_trust_is_back_a_growing_share_of_messages_finds_it_so_and_alone_it_carries_them_all() -> None:
    board = trusted_again(pool("a", "b"), "a")
    for seconds, share in enumerate((1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)):
        carried = Counter(chosen(board, message(f"m-{n}"), NOW + seconds) for n in range(2000))
        assert carried["a"] / 2000 == pytest.approx(share, abs=0.03)
    late = next(f"m-{n}" for n in range(99) if admitted_at(NOW, RULES, f"m-{n}", "a") > NOW)
    assert chosen(broken(board, "b"), message(late)) == "a"


def test_where_messages_are_the_probes_one_at_a_time_goes_to_its_old_place_as_the_test() -> None:
    board = distrusted(pool("a", "b", breaker=TRAFFIC), "a", NOW)
    assert chosen(board, now=NOW - 0.1) == "b"
    assert chosen(board) == "a"
    begun = board.started(candidate(board, "a"), NOW)
    assert chosen(begun) == "b"
    passed = begun.ended("a").observe(Fact.of("a", GOOD, NOW + 0.1, NOW))
    assert [chosen(passed, now=NOW + s) for s in (0.4, 0.5)] == ["b", "a"]
    failed = begun.ended("a").observe(Fact.of("a", BAD, NOW + 0.1, NOW))
    assert [chosen(failed, now=NOW + s) for s in (5.0, 5.1)] == ["b", "a"]


def test_a_pool_with_one_provider_goes_on_right_after_the_first_probe_that_passed() -> None:
    board = failing(pool("a"), "a", 5).probing("a").observe(Fact.of("a", GOOD, NOW + 5, NOW + 5, probe=True))
    assert board.standing("a").trust.lost_at == NOW + 5
    admitted = [n for n in range(200) if admitted_at(NOW + 5, RULES, f"m-{n}", "a") == NOW + 5]
    assert admitted
    assert {chosen(board, message(f"m-{n}"), NOW + 5) for n in admitted} == {"a"}
    assert {chosen(board, message(f"m-{n}"), NOW + 9) for n in range(200)} == {"a"}


def test_attempts_alone_say_in_time_that_trust_is_back() -> None:
    """Health calls are in no attempt's row: after a restart the messages it carried must tell as much."""
    board = failing(pool("a"), "a", 3)
    for number in range(100):
        board = board.observe(Fact.of("a", GOOD, NOW + 10 + number / 10, NOW + 10 + number / 10))
    assert board.standing("a").trust.lost_at is None
    assert board.standing("a").trust.regained_at == pytest.approx(NOW + 10 + 7 * 0.5, abs=0.2), "at most one each 0.4 s"


@repeatable
@given(jobs, boards())
def test_a_distrusted_provider_is_never_preferred_to_a_trusted_one_that_is_ready_and_not_tried(
    job: Job, board: Board
) -> None:
    decision, rules = decide(job, board, NOW), board.rules.breaker
    assume(isinstance(decision, Send))
    assert isinstance(decision, Send)
    name = decision.candidate.name
    if doubt(board.standing(name).trust, rules, NOW, job.id, name) is None:
        return
    for other in board.rules.candidates:
        if cannot(job, other) is None and ready(other, board, NOW, job):
            trusted = doubt(board.standing(other.name).trust, rules, NOW, job.id, other.name) is None
            tried = other.name in job.course.tried and name not in job.course.tried
            assert not trusted or tried


@repeatable
@given(jobs, boards())
def test_distrust_never_stops_a_message(job: Job, board: Board) -> None:
    """What would be sent if all were trusted is sent, and nothing else; with places for it at all of them."""
    free = board
    for provider in board.rules.candidates:
        free = standing(free, provider.name, in_flight=0)
    trusting = free
    for provider in board.rules.candidates:
        trusting = standing(trusting, provider.name, trust=TRUSTED)
    assert isinstance(decide(job, free, NOW), Send) == isinstance(decide(job, trusting, NOW), Send)


def test_a_failure_from_before_trust_came_back_takes_nothing_though_it_is_heard_late() -> None:
    """Another process was given it."""
    back = Trust(regained_at=NOW)
    assert told(BAD, NOW - 1, NOW - 2, was=back, health=0.1) == back
    assert told(BAD, NOW + 1, NOW, was=back, health=0.1).lost_at == NOW + 1
    long_ago = NOW - LATE_S - 1
    assert told(BAD, long_ago, long_ago - 1, was=back, health=0.1).lost_at == long_ago, "a clock was set back"
