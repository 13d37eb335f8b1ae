"""The spans of attempts: in the trace of their message, with the times that were true."""

from pathlib import Path

import pytest

from posthouse.delivery.sweep import sweep
from posthouse.delivery.traced import Traced
from posthouse.mail.message import Envelope
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure
from posthouse.routing.switch import Failing, Switch
from tests.delivery.office import Office, office
from tests.store.letters import NOW, POOL, intent, letter
from tests.telemetry.spans import Tracing, tracing

TRACE = "request-17 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def follow(house: Office, traced: Tracing) -> None:
    house.desk.traced = Traced(traced.tracer)


async def test_an_attempt_is_a_span_and_the_provider_s_call_is_one_inside_it(tmp_path: Path) -> None:
    with tracing() as traced:
        async with office(tmp_path) as house:
            follow(house, traced)

            async def in_two_seconds(envelope: Envelope) -> Outcome:
                await house.clock.advance(2.0)
                return Accepted(202)

            house.carriers["first"].acts = [in_two_seconds]
            await house.add(letter(trace=TRACE))
            await house.attempt()
    call, attempt = traced.spans
    assert (call.name, attempt.name) == ("call provider", "attempt")
    assert (call.trace, attempt.trace, attempt.parent) == (TRACE[14:46], TRACE[14:46], "00f067aa0ba902b7")
    assert (attempt.began, attempt.ended) == (NOW, NOW + 2)
    assert call.said == {"provider": "first", "outcome": "accepted", "status_code": 202}
    assert attempt.said["request_id"] == "request-17"


async def test_each_attempt_has_its_own_under_the_same_parent(tmp_path: Path) -> None:
    with tracing() as traced:
        async with office(tmp_path) as house:
            follow(house, traced)
            house.carriers["first"].acts = [Deferred(503)]
            await house.add(letter(trace=TRACE))
            await house.attempt()
            await house.attempt()
    attempts = [span for span in traced.spans if span.name == "attempt"]
    assert [(span.said["attempt"], span.said["provider"], span.failed) for span in attempts] == [
        (1, "first", True),
        (2, "second", False),
    ]
    assert {span.parent for span in attempts} == {"00f067aa0ba902b7"}


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        (Accepted(200), False),
        (Refused("recipient"), False),
        (Throttled(retry_after_s=1.0), False),
        (Deferred(500), True),
        (Unauthorised(401), True),
        (Unsure(), True),
    ],
)
async def test_a_span_has_failed_where_somebody_is_at_fault(tmp_path: Path, outcome: Outcome, failed: bool) -> None:
    with tracing() as traced:
        async with office(tmp_path) as house:
            follow(house, traced)
            house.carriers["first"].acts = [outcome]
            await house.add(letter(trace=TRACE))
            await house.attempt()
    assert [span.failed for span in traced.spans] == [failed, failed]


async def test_a_message_that_was_not_traced_begins_a_trace_with_each_attempt(tmp_path: Path) -> None:
    with tracing() as traced:
        async with office(tmp_path) as house:
            follow(house, traced)
            await house.add(letter(1, trace="request-18"), letter(2))
            await house.attempt()
    attempts = [span for span in traced.spans if span.name == "attempt"]
    assert [span.parent for span in attempts] == [None, None]
    assert [span.said.get("request_id") for span in attempts] == ["request-18", None]


async def test_a_provider_that_was_not_asked_has_no_span(tmp_path: Path) -> None:
    with tracing() as traced:
        async with office(tmp_path) as house:
            follow(house, traced)
            house.desk.switched({POOL: {"first": Switch(failing=Failing("error"))}})
            await house.add(letter(trace=TRACE))
            await house.attempt()
    assert [span.name for span in traced.spans] == ["attempt"]


async def test_an_attempt_that_was_cut_off_is_told_by_whoever_takes_it_up(tmp_path: Path) -> None:
    with tracing() as traced:
        async with office(tmp_path) as house:
            claim = await house.claimed(trace=TRACE)
            assert await house.store.intend([intent(claim)]) == [True]
            await house.clock.advance(house.desk.lease_s + 1)
            follow(house, traced)
            await sweep(house.desk)
    (attempt,) = traced.spans
    assert (attempt.began, attempt.said["outcome"], attempt.failed) == (NOW, "unsure", True)
    assert attempt.trace == TRACE[14:46]
