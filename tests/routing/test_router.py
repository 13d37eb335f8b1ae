"""One decision: who carries a message, who does not and why, until when it waits, when nobody ever will."""

from collections import Counter

import msgspec
import pytest
from hypothesis import assume, given

from posthouse.routing.board import Board, Fact
from posthouse.routing.capability import EVERYTHING, Can
from posthouse.routing.filters import BUSY_S, HELD_S, OFF_S, cannot, ready
from posthouse.routing.outcome import Accepted, Refused
from posthouse.routing.quota import Spent, left, next_day, next_month
from posthouse.routing.ramp import admitted_at
from posthouse.routing.router import Decision, Fail, Send, Wait, decide, told
from posthouse.routing.rules import BreakerRules, Candidate, Course, Job
from posthouse.routing.switch import Failing, Switch
from tests.routing.anything import boards, jobs
from tests.routing.pool import (
    NOW,
    broken,
    failing,
    healed,
    message,
    on_its_course,
    paused,
    pool,
    repeatable,
    standing,
)

TRAFFIC = BreakerRules(traffic=True)


def chosen(job: Job, board: Board, now: float = NOW) -> str:
    decision = decide(job, board, now)
    assert isinstance(decision, Send), decision
    return decision.candidate.name


def waits(job: Job, board: Board, now: float = NOW) -> float:
    """Until when."""
    decision = decide(job, board, now)
    assert isinstance(decision, Wait), decision
    return decision.until


def fails(job: Job, board: Board, now: float = NOW) -> Fail:
    decision = decide(job, board, now)
    assert isinstance(decision, Fail), decision
    return decision


def why(job: Job, board: Board, provider: str, now: float = NOW) -> str:
    """The reason the decision gives for passing that provider over."""
    return dict(decide(job, board, now).passed_over)[provider]


# Send


def test_the_best_provider_is_chosen_and_the_others_are_told_that_they_come_after() -> None:
    board = pool("a", "b", "c")
    assert decide(message(), board, NOW) == Send(
        board.rules.candidates[0], (("b", "comes after a"), ("c", "comes after a"))
    )


def test_a_provider_that_this_round_has_tried_comes_last_so_the_second_attempt_is_failover() -> None:
    board = pool("a", "b", "c")
    assert chosen(on_its_course(message(), tried=("a",)), board) == "b"
    assert chosen(on_its_course(message(), tried=("a", "b")), board) == "c"


def test_reasons_come_first_for_those_that_cannot_or_may_not_then_for_those_that_come_after_best_first() -> None:
    tried = on_its_course(message(), tried=("b",), refused=("a",))
    assert [name for name, _ in decide(tried, paused(pool("a", "b", "c", "d", "e"), "d"), NOW).passed_over] == [
        "a",
        "d",
        "e",
        "b",
    ]


# What a provider cannot do, ever


@pytest.mark.parametrize(
    ("job", "provider", "reason"),
    [
        (message(provider="b"), Candidate("a"), "the message asks for b"),
        (message(provider="a"), Candidate("a"), None),
        (message(), Candidate("a", reserved=True), "carries only what asks for it"),
        (message(provider="a"), Candidate("a", reserved=True), None),
        (
            message(course=Course(again="b")),
            Candidate("a"),
            "an attempt at b ended in doubt and is to be repeated there",
        ),
        (message(course=Course(again="a")), Candidate("a"), None),
        (
            message(require_tags=frozenset({"eu", "own"})),
            Candidate("a", tags=frozenset({"us"})),
            "lacks the tag eu, own",
        ),
        (message(require_tags=frozenset({"eu", "own"})), Candidate("a", tags=frozenset({"eu"})), "lacks the tag own"),
        (message(require_tags=frozenset({"eu"})), Candidate("a", tags=frozenset({"eu", "own"})), None),
        (message(needs=Can.CC | Can.INLINE), Candidate("a", can=Can.CC), "cannot carry inline"),
        (message(needs=Can.CC | Can.INLINE), Candidate("a", can=0), "cannot carry cc, inline"),
        (message(needs=EVERYTHING), Candidate("a", can=EVERYTHING), None),
        (message(size=1001), Candidate("a", max_bytes=1000), "too large: 1001 bytes, it takes 1000"),
        (message(size=1000), Candidate("a", max_bytes=1000), None),
        (message(recipients=3), Candidate("a", max_recipients=2), "too many recipients: 3, it takes 2"),
        (message(recipients=2), Candidate("a", max_recipients=2), None),
        (message(course=Course(refused=("b", "a"))), Candidate("a"), "refused this message"),
        (message(course=Course(refused=("b",))), Candidate("a"), None),
        (message(course=Course(tried=("a",))), Candidate("a"), None),
    ],
)
def test_a_provider_cannot_carry_what_it_may_not_or_is_not_able_to(
    job: Job, provider: Candidate, reason: str | None
) -> None:
    assert cannot(job, provider) == reason
    decision = decide(job, pool(provider), NOW)
    if reason is None:
        assert decision == Send(provider)
    else:
        assert decision == Fail("failed", f"no provider of the pool can carry it: a: {reason}", (("a", reason),))


def test_where_one_cannot_another_that_can_is_chosen_whatever_its_order() -> None:
    board = pool(Candidate("a", order=1, can=0), Candidate("b", order=2))
    assert chosen(message(needs=Can.TAGS), board) == "b"
    assert why(message(needs=Can.TAGS), board, "a") == "cannot carry tags"


def test_a_pinned_message_waits_for_its_provider_and_never_goes_elsewhere() -> None:
    board = broken(pool("a", "b"), "b", NOW + 7)
    assert waits(message(provider="b"), board) == NOW + 7


def test_a_message_pinned_to_a_provider_the_pool_does_not_have_fails() -> None:
    assert fails(message(provider="z"), pool("a", "b")).reason == (
        "no provider of the pool can carry it: a: the message asks for z; b: the message asks for z"
    )


def test_an_attempt_in_doubt_that_is_to_be_repeated_waits_for_its_provider_and_fails_when_that_is_gone() -> None:
    doubtful = on_its_course(message(), again="a", doubt=True, tried=("a",))
    assert chosen(doubtful, pool("a", "b")) == "a"
    assert waits(doubtful, paused(pool("a", "b"), "a", NOW + 9)) == NOW + 9
    assert fails(doubtful, pool("b", "c")).status == "failed"


# What a provider does not do now


def test_a_provider_that_is_switched_off_is_passed_over_and_asked_again_later() -> None:
    board = pool(Candidate("a", order=1, enabled=False), "b")
    assert chosen(message(), board) == "b"
    assert why(message(), board, "a") == "switched off"
    assert waits(message(provider="a"), board) == NOW + OFF_S


def test_a_provider_with_an_open_circuit_is_passed_over() -> None:
    board = broken(pool("a", "b"), "a")
    assert chosen(message(), board) == "b"
    assert why(message(), board, "a") == "its circuit is open"


def test_an_open_circuit_says_what_opened_it() -> None:
    board = failing(pool("a", "b"), "a", 5)
    assert why(message(), board, "a") == "its circuit is open: 5 failures in a row"


def test_an_open_circuit_carries_no_message_even_when_a_probe_is_due_where_probes_are_health_calls() -> None:
    board = broken(pool("a"), "a", NOW - 1)
    assert waits(message(), board) == NOW + BUSY_S


def test_an_open_circuit_lets_one_message_through_as_its_probe_where_the_pool_probes_by_traffic() -> None:
    board = broken(pool("a", breaker=TRAFFIC), "a", NOW + 5)
    assert waits(message(), board) == NOW + 5
    assert chosen(message(), board, NOW + 5) == "a"
    begun = board.started(board.rules.candidates[0], NOW + 5)
    assert waits(message("m-2"), begun, NOW + 5) == NOW + 5 + BUSY_S


def test_a_provider_whose_pace_leaves_no_room_is_passed_over() -> None:
    board = paused(pool("a", "b"), "a")
    assert chosen(message(), board) == "b"
    assert why(message(), board, "a") == "its pace leaves no room"
    assert chosen(message(), board, NOW + 60) == "a"


def test_where_all_must_wait_the_message_waits_for_the_earliest() -> None:
    board = paused(broken(pool("a", "b", Candidate("c", enabled=False)), "a", NOW + 5), "b", NOW + 3)
    assert decide(message(), board, NOW) == Wait(
        NOW + 3, (("a", "its circuit is open"), ("b", "its pace leaves no room"), ("c", "switched off"))
    )


def test_what_cannot_carry_it_is_not_waited_for() -> None:
    board = paused(paused(pool(Candidate("a", can=0), "b"), "a", NOW + 1), "b", NOW + 40)
    assert waits(message(needs=Can.CC), board) == NOW + 40


def test_a_pool_without_providers_keeps_its_mail_waiting() -> None:
    assert decide(message(), pool(), NOW) == Wait(NOW + OFF_S)


def test_a_busy_provider_makes_a_message_wait_for_a_place_and_does_not_let_it_spill() -> None:
    board = standing(pool(Candidate("a", order=1, concurrency=2), "b"), "a", in_flight=2)
    assert decide(message(), board, NOW) == Wait(
        NOW + BUSY_S, (("b", "comes after a"), ("a", "busy: as many sends on their way as it may have"))
    )
    assert chosen(message(), standing(board, "a", in_flight=1)) == "a"


def test_ready_means_a_decision_would_take_it_busy_or_not() -> None:
    a, full = Candidate("a"), standing(pool("a"), "a", in_flight=64)
    assert ready(a, full, NOW)
    assert not ready(a, paused(full, "a"), NOW)
    assert not ready(a, broken(full, "a"), NOW + 5)
    assert ready(a, broken(pool("a", breaker=TRAFFIC), "a"), NOW + 5)


# What an operator holds by hand


def test_a_paused_provider_is_passed_over_with_who_paused_it_and_why() -> None:
    board = pool("a", "b").switched({"a": Switch("pause", "moving house", "ann")})
    assert chosen(message(), board) == "b"
    assert why(message(), board, "a") == "paused by ann: moving house"
    assert waits(message(provider="a"), board) == NOW + HELD_S
    assert waits(on_its_course(message(), again="a"), board) == NOW + HELD_S


def test_a_drained_provider_takes_nothing_new_and_carries_what_is_bound_to_it() -> None:
    board = pool("a", "b").switched({"a": Switch("drain", by="ann")})
    assert chosen(message(), board) == "b"
    assert why(message(), board, "a") == "drained by ann"
    assert chosen(message(provider="a"), board) == "a"
    assert chosen(on_its_course(message(), again="a"), board) == "a"


def test_where_all_are_held_a_message_waits_and_goes_on_when_they_are_resumed() -> None:
    board = pool("a").switched({"a": Switch("drain")})
    assert waits(message(), board) == NOW + HELD_S
    assert chosen(message(), board.switched({})) == "a"
    assert chosen(message(), board.switched({"a": Switch("no", "back again")})) == "a"


def test_a_simulated_failure_changes_no_decision() -> None:
    assert chosen(message(), pool("a", "b").switched({"a": Switch(failing=Failing())})) == "a"


# Quotas


def test_a_provider_whose_quota_is_used_up_is_passed_over_until_it_begins_anew() -> None:
    a = Candidate("a", order=1, daily=2, monthly=5)
    board = pool(a, "b").resumed("a", Spent(2, 2, NOW))
    assert chosen(message(), board) == "b"
    assert why(message(), board, "a") == "its daily quota of 2 is used up"
    assert waits(message(provider="a"), board) == next_day(NOW)
    assert chosen(message(), board, next_day(NOW)) == "a"
    board = pool(a, "b").resumed("a", Spent(2, 5, NOW))
    assert why(message(), board, "a") == "its monthly quota of 5 is used up"
    assert waits(message(provider="a", give_up_at=NOW + 99 * 86400), board) == next_month(NOW)
    assert chosen(message(), board, next_day(NOW)) == "b"


def test_what_is_left_of_a_quota_and_on_its_way_is_waited_for_since_it_may_come_back() -> None:
    a = Candidate("a", daily=1)
    board = pool(a).started(a, NOW)
    assert waits(message("m-2"), board) == NOW + BUSY_S
    assert why(message("m-2"), board, "a") == "what is left of its quota is on its way"
    refused = board.ended("a").observe(Fact.of("a", Refused(), NOW, NOW))
    assert chosen(message("m-2"), refused) == "a"
    sent = board.ended("a").observe(Fact.of("a", Accepted(), NOW, NOW))
    assert waits(message("m-2"), sent) == next_day(NOW)


# The ramp


def test_while_a_healed_provider_ramps_up_the_messages_it_does_not_admit_yet_go_to_the_others() -> None:
    board = healed(pool("a", "b"), "a")
    counts = [
        Counter(chosen(message(f"m-{number}"), board, NOW + s) for number in range(2000)) for s in (0, 1, 2, 3, 4)
    ]
    assert [count["a"] / 2000 for count in counts] == pytest.approx([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1], abs=0.03)


def test_where_there_is_no_other_a_message_waits_for_its_own_admission() -> None:
    board, rules = healed(pool("a"), "a"), BreakerRules()
    for number in range(200):
        job = message(f"m-{number}")
        at = admitted_at(NOW, rules, job.id, "a")
        if at == NOW:
            assert chosen(job, board) == "a"
        else:
            assert waits(job, board) == at
            assert chosen(job, board, at) == "a"
            assert why(job, board, "a") == "its circuit has just closed, and its share of messages grows step by step"


# The end of its time


def test_a_message_that_has_expired_is_never_sent() -> None:
    job = message(expires_at=NOW)
    assert fails(job, pool("a")).status == "expired"
    assert chosen(job, pool("a"), NOW - 0.001) == "a"


def test_a_message_that_is_given_up_is_never_sent() -> None:
    job = message(give_up_at=NOW)
    assert fails(job, pool("a")).status == "failed"
    assert chosen(job, pool("a"), NOW - 0.001) == "a"


def test_a_message_whose_time_ends_twice_has_expired() -> None:
    assert fails(message(expires_at=NOW - 5, give_up_at=NOW - 9), pool("a")).status == "expired"


@pytest.mark.parametrize(
    "board",
    [
        paused(pool("a"), "a", NOW + 3600),
        broken(pool("a"), "a", NOW + 3600),
        pool(Candidate("a", enabled=False)),
        pool(),
        standing(pool("a"), "a", in_flight=64),
    ],
)
def test_a_message_never_waits_beyond_the_end_of_its_time(board: Board) -> None:
    assert waits(message(expires_at=NOW + 0.1), board) == NOW + 0.1
    assert waits(message(give_up_at=NOW + 0.2), board) == NOW + 0.2
    assert waits(message(expires_at=NOW + 0.2, give_up_at=NOW + 0.1), board) == NOW + 0.1


def test_reasons_are_told_in_one_line() -> None:
    assert told([("a", "switched off"), ("b", "its circuit is open")]) == "a: switched off; b: its circuit is open"
    assert told(()) == ""


# Any board, any message


def may_ever_carry(job: Job, provider: Candidate) -> bool:
    """What the message asks for and what the provider can do, read off one by one."""
    return all(
        [
            job.provider is None or job.provider == provider.name,
            job.provider is not None or not provider.reserved,
            job.course.again is None or job.course.again == provider.name,
            job.require_tags <= provider.tags,
            all(flag & provider.can for flag in Can(job.needs)),
            job.size <= provider.max_bytes,
            job.recipients <= provider.max_recipients,
            provider.name not in job.course.refused,
        ]
    )


@repeatable
@given(jobs, boards())
def test_a_message_is_sent_only_through_a_provider_that_can_carry_it_and_is_free_to(job: Job, board: Board) -> None:
    decision = decide(job, board, NOW)
    if not isinstance(decision, Send):
        return
    provider, where = decision.candidate, board.standing(decision.candidate.name)
    assert may_ever_carry(job, provider)
    assert provider.enabled
    assert where.in_flight < provider.concurrency
    assert where.tempo.ready_at <= NOW
    assert where.circuit.opened_at is None or (board.rules.breaker.traffic and where.circuit.may_probe(NOW))
    assert admitted_at(where.circuit.closed_at, board.rules.breaker, job.id, provider.name) <= NOW
    assert 0 not in left(provider, where.spent, where.in_flight, NOW)
    held = board.switch(provider.name).held
    assert held == "no" or (held == "drain" and provider.name in (job.provider, job.course.again))
    assert job.expires_at is None or job.expires_at > NOW


@repeatable
@given(jobs, boards())
def test_a_decision_on_a_message_that_still_has_time_names_every_provider_of_its_pool_once(
    job: Job, board: Board
) -> None:
    assume(job.ends_at > NOW)
    decision = decide(job, board, NOW)
    named = [name for name, _ in decision.passed_over]
    if isinstance(decision, Send):
        named.append(decision.candidate.name)
    assert sorted(named) == sorted(c.name for c in board.rules.candidates)
    assert all(reason for _, reason in decision.passed_over)


@repeatable
@given(jobs, boards())
def test_a_message_fails_exactly_when_no_provider_may_ever_carry_it_or_its_time_is_over(job: Job, board: Board) -> None:
    able = [provider for provider in board.rules.candidates if may_ever_carry(job, provider)]
    nobody = bool(board.rules.candidates) and not able
    assert isinstance(decide(job, board, NOW), Fail) == (nobody or job.ends_at <= NOW)


@repeatable
@given(jobs, boards())
def test_a_wait_ends_ahead_and_not_beyond_the_end_of_the_message(job: Job, board: Board) -> None:
    decision = decide(job, board, NOW)
    if isinstance(decision, Wait):
        assert NOW < decision.until <= job.ends_at
        if all(c.daily is None and c.monthly is None for c in board.rules.candidates):
            assert decision.until <= NOW + OFF_S


@repeatable
@given(jobs, boards())
def test_the_same_inputs_give_the_same_decision(job: Job, board: Board) -> None:
    again = Board(board.rules, dict(reversed(board.standings.items())), dict(reversed(board.switches.items())))
    same: Decision = decide(msgspec.structs.replace(job), again, NOW)
    assert same == decide(job, board, NOW)
