"""The span of a request that hands messages in, whichever call it is."""

from pathlib import Path

import pytest

from posthouse.store.contract import StoreDown
from posthouse.store.sqlite.store import SqliteStore
from tests.telemetry.spans import tracing
from tests.web.house import ADMIN_KEY, document, letter, refusing, running

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_each_call_that_takes_a_message_is_a_span_by_the_pattern_of_its_path(tmp_path: Path) -> None:
    with tracing() as traced:
        async with running(document(tmp_path), tmp_path) as house:
            house.gateway.app.door.tracer = traced.tracer
            sent = await house.sent(letter(), traceparent=CALLER)
            replies = [
                await house.ask("/example.com/send", letter()),
                await house.ask("/example.com/sandbox/send", letter()),
                await house.form([("from", "a@example.com"), ("to", "b@example.org"), ("text", "Hello")]),
                await house.ask(f"/email/{sent['id']}/resend", {"force": True}, x_request_id="again"),
            ]
    assert {reply.status for reply in replies} == {202}
    routes = ["/email", "/{domain}/send", "/{domain}/{provider}/send", "/email", "/email/{id}/resend"]
    assert [span.said["route"] for span in traced.spans] == routes
    assert [span.parent for span in traced.spans] == [CALLER[36:52], None, None, None, None]
    again = traced.spans[-1]
    assert (again.said["request_id"], again.said["message_id"]) == ("again", replies[-1].json["id"])


async def test_other_calls_leave_none(tmp_path: Path) -> None:
    with tracing() as traced:
        async with running(document(tmp_path), tmp_path) as house:
            house.gateway.app.door.tracer = traced.tracer
            for target in ("/healthz", "/email", "/metrics", "/nothing", "/admin/config"):
                await house.get(target, ADMIN_KEY, traceparent=CALLER)
            await house.ask("/example.com/sandbox/pause", {"reason": "test"}, ADMIN_KEY)
            await house.post(b"{", traceparent=CALLER)
            await house.post(letter(), "wrong")
    assert traced.spans == []


@pytest.mark.parametrize(("broken", "status"), [(RuntimeError("broken"), 500), (StoreDown("full"), 503)])
async def test_a_fault_of_ours_is_a_failed_span(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Exception, status: int
) -> None:
    with tracing() as traced:
        async with running(document(tmp_path), tmp_path) as house:
            house.gateway.app.door.tracer = traced.tracer
            monkeypatch.setattr(SqliteStore, "add", refusing(broken))
            assert (await house.post(letter())).status == status
    (span,) = traced.spans
    assert (span.failed, span.said["status_code"]) == (True, status)
    assert "message_id" not in span.said


async def test_a_replay_names_no_message_of_its_own(tmp_path: Path) -> None:
    with tracing() as traced:
        async with running(document(tmp_path), tmp_path) as house:
            house.gateway.app.door.tracer = traced.tracer
            for _ in range(2):
                assert (await house.post(letter(), idempotency_key="once")).status == 202
    first, second = [span for span in traced.spans if span.name == "accept"]
    assert ("message_id" in first.said, "message_id" in second.said) == (True, False)
