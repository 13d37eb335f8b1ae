"""An explanation tells the story of the decision, of every rule, and of what comes next."""

import msgspec
import pytest
from hypothesis import given

from posthouse.routing.board import Board, Fact
from posthouse.routing.explain import Explanation, Verdict, explain
from posthouse.routing.filters import LASTING, MOMENTARY, cannot, ready
from posthouse.routing.outcome import Deferred
from posthouse.routing.quota import Spent
from posthouse.routing.retry import after
from posthouse.routing.router import Fail, Send, Wait, decide
from posthouse.routing.rules import Candidate, Job
from posthouse.routing.switch import Switch
from tests.routing.anything import boards, jobs
from tests.routing.pool import (
    NOW,
    broken,
    distrusted,
    healed,
    message,
    on_its_course,
    pool,
    repeatable,
    standing,
    trusted_again,
)


def verdicts(explanation: Explanation) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in explanation.verdicts}


def objections(verdict: Verdict) -> dict[str, str | None]:
    return {name: why for name, ok, why in verdict.filters if not ok}


def test_the_one_that_carries_it_comes_first_and_the_next_if_it_failed_is_named() -> None:
    told = explain(message(), pool("a", "b", "c"), NOW)
    assert (told.decision, told.provider, told.until, told.reason) == ("send", "a", None, None)
    assert told.if_failed == "b"
    assert [(v.name, v.chosen, v.place) for v in told.verdicts] == [("a", True, 1), ("b", False, 2), ("c", False, 3)]


def test_a_provider_that_may_not_says_every_reason_and_when_they_have_passed() -> None:
    a = Candidate("a", max_bytes=10, enabled=False)
    board = broken(pool(a, "b"), "a", NOW + 40).switched({"a": Switch("pause", "moving house", "ann")})
    verdict = verdicts(explain(message(size=20), board, NOW))["a"]
    assert objections(verdict) == {
        "size": "too large: 20 bytes, it takes 10",
        "enabled": "switched off",
        "switch": "paused by ann: moving house",
        "circuit": "its circuit is open",
    }
    assert (verdict.place, verdict.ready_at) == (None, None)
    assert (verdict.circuit, verdict.circuit_until) == ("open", NOW + 40)
    assert verdicts(explain(message(), board, NOW))["a"].ready_at == NOW + 40


def test_every_rule_is_listed_whatever_the_first_one_says() -> None:
    for verdict in explain(message(provider="b"), pool("a", "b"), NOW).verdicts:
        assert [check.name for check in verdict.filters] == [*dict(LASTING), *dict(MOMENTARY), "place"]
        assert all((why is None) == ok for _, ok, why in verdict.filters)


def test_what_is_left_of_quotas_and_where_it_stands_in_the_order_are_told() -> None:
    a = Candidate("a", weight=0.7, score=60.0, daily=10, monthly=100, concurrency=5)
    board = standing(pool(a, strategy="weighted"), "a", in_flight=2, spent=Spent(3, 30, NOW))
    verdict = verdicts(explain(message(), board, NOW))["a"]
    assert (verdict.tier, verdict.weight, verdict.score) == (0.0, 0.7, 60.0)
    assert (verdict.today_left, verdict.month_left, verdict.in_flight, verdict.concurrency) == (5, 68, 2, 5)
    assert (verdict.circuit, verdict.circuit_until, verdict.ready_at) == ("closed", None, NOW)


def test_a_burst_that_waits_for_a_place_says_so_and_what_else_there_is() -> None:
    told = explain(message(), standing(pool("a", "b"), "a", in_flight=64), NOW)
    assert (told.decision, told.provider, told.if_failed) == ("wait", None, None)
    assert told.reason == "b: comes after a; a: busy: as many sends on their way as it may have"
    assert [(v.name, v.chosen, v.place) for v in told.verdicts] == [("a", False, 1), ("b", False, 2)]


def test_an_empty_pool_says_that_it_is_empty() -> None:
    told = explain(message(), pool(), NOW)
    assert (told.decision, told.reason, told.verdicts) == ("wait", "the pool has no provider", ())


def test_for_a_message_whose_time_is_over_nobody_is_next() -> None:
    told = explain(message(expires_at=NOW), pool("a"), NOW)
    assert (told.decision, told.reason) == ("fail", "its time ran out before a provider accepted it")
    assert [verdict.place for verdict in told.verdicts] == [None]


def test_after_the_last_one_of_a_round_nobody_is_asked_at_once() -> None:
    assert explain(on_its_course(message(), tried=("b",)), pool("a", "b"), NOW).if_failed is None
    assert explain(message(), pool("a", "b", failover=1), NOW).if_failed is None
    assert explain(message(provider="a"), pool("a", "b"), NOW).if_failed is None


def test_a_next_one_that_has_no_place_is_nobody_at_once() -> None:
    assert explain(message(), standing(pool("a", "b"), "b", in_flight=64), NOW).if_failed is None


def test_a_ramp_is_told_like_any_other_reason() -> None:
    told = explain(message("m-2"), healed(pool("a", "b"), "a"), NOW)
    assert (told.provider, list(objections(verdicts(told)["a"]))) == ("b", ["ramp"])


def test_a_distrusted_provider_comes_last_and_says_why() -> None:
    told = explain(message(), distrusted(pool("a", "b"), "a"), NOW)
    assert (told.provider, told.if_failed) == ("b", "a")
    a, b = verdicts(told)["a"], verdicts(told)["b"]
    assert (a.place, a.distrusted, a.circuit, a.doubt) == (2, True, "closed", "distrusted: its health fell below 0.8")
    assert (b.place, b.distrusted, b.doubt) == (1, False, None)
    assert (a.ready_at, objections(a)) == (NOW, {})


def test_a_provider_that_is_trusted_again_may_still_come_last_for_this_message() -> None:
    a = verdicts(explain(message("m-2"), trusted_again(pool("a", "b"), "a"), NOW))["a"]
    assert (a.place, a.distrusted) == (2, False)
    assert a.doubt == "distrusted until a moment ago: its share of messages grows step by step"


def test_it_can_be_written_as_json_and_read_again() -> None:
    told = explain(message(), broken(pool("a", "b"), "a"), NOW)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Explanation) == told


def test_a_decision_that_is_none_is_a_fault_of_ours_and_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.routing.explain.decide", lambda *_: "shrug")
    with pytest.raises(AssertionError):
        explain(message(), pool("a"), NOW)


@repeatable
@given(jobs, boards())
def test_whatever_the_decision_says_the_explanation_says(job: Job, board: Board) -> None:
    decision, told = decide(job, board, NOW), explain(job, board, NOW)
    found = verdicts(told)
    assert sorted(found) == sorted(c.name for c in board.rules.candidates)
    match decision:
        case Send(chosen):
            assert (told.decision, told.provider) == ("send", chosen.name)
            assert (told.verdicts[0].name, told.verdicts[0].place) == (chosen.name, 1)
            assert objections(told.verdicts[0]) == {}
        case Wait(until):
            assert (told.decision, told.until) == ("wait", until)
        case Fail(_, reason):
            assert (told.decision, told.reason) == ("fail", reason)
    assert [v.name for v in told.verdicts if v.chosen] == ([told.provider] if told.provider else [])
    for name, why in decision.passed_over:
        doubt = found[name].doubt
        after = "comes after" if doubt is None else f"{doubt}, comes after"
        assert why in found[name].filters[-1] or why.startswith(after) or why in objections(found[name]).values()
    assert [v.place for v in told.verdicts if v.place] == list(
        range(1, 1 + sum(v.place is not None for v in told.verdicts))
    )


@repeatable
@given(jobs, boards())
def test_a_provider_has_a_place_exactly_when_it_can_and_is_ready(job: Job, board: Board) -> None:
    found = verdicts(explain(job, board, NOW))
    for candidate in board.rules.candidates:
        can = cannot(job, candidate) is None
        is_ready = ready(candidate, board, NOW, job)
        verdict = found[candidate.name]
        assert (verdict.place is not None) == (can and is_ready and job.ends_at > NOW)
        assert (verdict.ready_at is not None) == can
        if can:
            assert (verdict.ready_at == NOW) == is_ready


@repeatable
@given(jobs, boards())
def test_who_is_next_if_it_failed_is_whom_delivery_would_ask(job: Job, board: Board) -> None:
    told = explain(job, board, NOW)
    if told.provider is None:
        assert told.if_failed is None
        return
    chosen = next(c for c in board.rules.candidates if c.name == told.provider)
    board = board.started(chosen, NOW).ended(chosen.name).observe(Fact.of(chosen.name, Deferred(), NOW, NOW))
    then = after(job, chosen.name, Deferred(), board, NOW)
    decision = decide(msgspec.structs.replace(job, course=then.course), board, NOW) if then.due_at == NOW else None
    assert told.if_failed == (decision.candidate.name if isinstance(decision, Send) else None)
