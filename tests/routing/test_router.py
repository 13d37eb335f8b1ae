"""One decision: who carries a message, who does not and why, until when it waits, when nobody ever will."""

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from posthouse.routing.board import Board
from posthouse.routing.breaker import CLOSED, Breaker
from posthouse.routing.capability import EVERYTHING, Can
from posthouse.routing.pace import Pace
from posthouse.routing.router import BUSY_S, OFF_S, Decision, Fail, Send, Wait, cannot, decide, ready, told
from posthouse.routing.rules import BreakerRules, Candidate, Course, Job, Rules, Strategy
from tests.routing.pool import NOW, broken, message, on_its_course, paused, pool, repeatable, standing

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


# Any board, any message: each wish and each hindrance is rare, so that every kind of decision is common


def mostly(usual: object, *rare: object) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * 3 * max(len(rare), 2) + list(rare))


circuits = st.sampled_from(
    [
        CLOSED,
        CLOSED,
        CLOSED,
        Breaker(opened_at=NOW - 9, probe_at=NOW + 4),
        Breaker(opened_at=NOW - 9, probe_at=NOW - 1),
        Breaker(opened_at=NOW - 9, probe_at=NOW - 1, probing=True),
    ]
)
providers = st.builds(
    Candidate,
    name=st.sampled_from("abcde"),
    order=st.integers(1, 3),
    weight=st.sampled_from([0.0, 0.3, 1.0]),
    score=st.sampled_from([40.0, 50.0]),
    can=mostly(EVERYTHING, Can.CC, 0),
    max_bytes=mostly(1000, 100),
    max_recipients=mostly(50, 1),
    tags=mostly(frozenset({"eu", "own"}), frozenset({"own"}), frozenset()),
    enabled=mostly(True, False),
    concurrency=st.integers(1, 2),
    reserved=mostly(False, True),
)
some_names = mostly((), ("a",), ("b", "c"), ("a", "f"))
maybe_a_name = mostly(None, "a", "b", "f")
jobs = st.builds(
    message,
    st.sampled_from(["m-1", "m-2", "m-3"]),
    needs=mostly(0, Can.CC, Can.TAGS),
    size=mostly(50, 500),
    recipients=mostly(1, 2),
    provider=maybe_a_name,
    require_tags=mostly(frozenset(), frozenset({"eu"}), frozenset({"eu", "own"})),
    expires_at=mostly(None, NOW - 1, NOW + 1),
    course=st.builds(Course, tried=some_names, refused=some_names, again=maybe_a_name),
)


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Any board of up to five providers."""
    found = tuple(draw(st.lists(providers, max_size=5, unique_by=lambda c: c.name)))
    strategy: Strategy = draw(st.sampled_from(["priority", "weighted", "score"]))
    board = Board(Rules("example.com", strategy, found, BreakerRules(traffic=draw(st.booleans()))))
    for provider in found:
        tempo = Pace(paused_until=draw(mostly(0.0, NOW + 2)))
        in_flight = draw(mostly(0, 1, 2))
        board = standing(board, provider.name, circuit=draw(circuits), tempo=tempo, in_flight=in_flight)
    return board


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
        assert decision.until <= NOW + OFF_S


@repeatable
@given(jobs, boards())
def test_the_same_inputs_give_the_same_decision(job: Job, board: Board) -> None:
    again = Board(board.rules, dict(reversed(board.standings.items())))
    same: Decision = decide(msgspec.structs.replace(job), again, NOW)
    assert same == decide(job, board, NOW)
