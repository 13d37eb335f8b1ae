"""One request id and one trace from the door to the last attempt, also over kill -9: as whoever watches sees it."""

import asyncio
import json
import signal
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from tests.end_to_end.process import Process, serving
from tests.end_to_end.test_restart import HEADERS, configured
from tests.telemetry.receivers import Receiver, Seen, hanging, receiving
from tests.web.house import letter
from tests.web.http import Reply, call

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE, CALLERS_SPAN = CALLER[3:35], CALLER[36:52]
SERVER, CLIENT, CONSUMER = 2, 3, 5


async def post(port: int, target: str = "/email", said: Any = None, **fields: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return await call(
        port, "POST", target, {**HEADERS, **named}, json.dumps(letter() if said is None else said).encode()
    )


def lines(process: Process, message_id: str) -> list[dict[str, Any]]:
    """What the log says of a message."""
    found = [json.loads(line) for line in process.errors.splitlines()]
    return [line for line in found if line.get("id") == message_id]


def of(receiver: Receiver, message_id: str) -> list[Seen]:
    """The attempts of a message, in their order."""
    found = [span for span in receiver.spans if span.said.get("posthouse.message_id") == message_id]
    return sorted((span for span in found if span.name == "attempt"), key=lambda span: span.began)


def traced(folder: Path, receiver: Receiver) -> AbstractAsyncContextManager[tuple[Process, int]]:
    """Posthouse that tells OpenTelemetry there."""
    return serving(folder, *configured(folder), env=receiver.otlp)


async def test_the_log_tells_the_request_of_every_attempt_also_after_kill_9(tmp_path: Path) -> None:
    config = configured(tmp_path, retry={"first_s": 0.1, "max_s": 0.2}, on_unsure="hold")
    async with serving(tmp_path, *config) as (process, port):
        slow = await post(port, said=letter(to="x+slow@example.org"), x_request_id="given-by-the-caller")
        deferred = await post(port, said=letter(to="x+defer@example.org"))
        slow_id, deferred_id = slow.json["id"], deferred.json["id"]
        while (await call(port, "GET", f"/email/{slow_id}", HEADERS)).json["status"] != "sending":
            pass
        process.signal(signal.SIGKILL)
        await process.ended()
        before = lines(process, slow_id)
    async with serving(tmp_path, *config) as (process, port):
        while (await call(port, "GET", f"/email/{slow_id}", HEADERS)).json["status"] != "held":
            pass
        while not lines(process, deferred_id):
            await call(port, "GET", "/healthz", HEADERS)
        assert await process.stopped() == 0
        after, others = lines(process, slow_id), lines(process, deferred_id)
    assert [(line["event"], line["request_id"]) for line in before] == [("accepted", "given-by-the-caller")]
    assert [(line["outcome"], line["request_id"]) for line in after] == [("unsure", "given-by-the-caller")]
    assert {line["request_id"] for line in others} == {deferred.field("x-request-id")}


async def test_the_spans_of_a_message_are_in_its_caller_s_trace(tmp_path: Path) -> None:
    async with receiving() as receiver, traced(tmp_path, receiver) as (process, port):
        reply = await post(port, traceparent=CALLER, prefer="wait=20")
        assert (reply.status, reply.json["status"]) == (200, "sent")
        await call(port, "GET", f"/email/{reply.json['id']}", {**HEADERS, "traceparent": CALLER})
        assert await process.stopped() == 0
    spans = {span.name: span for span in receiver.spans}
    assert len(receiver.spans) == 3  # and none for the GET
    accept, attempt, called = spans["accept"], spans["attempt"], spans["call provider"]
    assert {span.trace for span in receiver.spans} == {TRACE}
    assert (accept.parent, attempt.parent, called.parent) == (CALLERS_SPAN, accept.id, attempt.id)
    assert (accept.kind, attempt.kind, called.kind) == (SERVER, CONSUMER, CLIENT)
    assert attempt.began <= called.began <= called.ended <= attempt.ended <= accept.ended  # it waited for the end
    assert accept.said == {
        "posthouse.request_id": reply.field("x-request-id"),
        "posthouse.message_id": reply.json["id"],
        "posthouse.pool": "example.com",
        "posthouse.count": 1,
        "http.route": "/email",
        "http.response.status_code": 200,
    }
    assert attempt.said == {
        "posthouse.request_id": reply.field("x-request-id"),
        "posthouse.message_id": reply.json["id"],
        "posthouse.pool": "example.com",
        "posthouse.provider": "sandbox",
        "posthouse.outcome": "accepted",
        "posthouse.attempt": 1,
    }
    log = lines(process, reply.json["id"])
    assert {line["trace_id"] for line in log} == {TRACE}
    assert [line["event"] for line in log] == ["accepted", "attempt succeeded"]


async def test_an_attempt_after_kill_9_is_in_the_trace_of_its_request(tmp_path: Path) -> None:
    config = configured(tmp_path, retry={"first_s": 0.1, "max_s": 0.2})
    async with receiving() as receiver:
        async with serving(tmp_path, *config, env=receiver.otlp) as (process, port):
            reply = await post(port, said=letter(to="x+slow@example.org"), traceparent=CALLER)
            id_ = reply.json["id"]
            while (await call(port, "GET", f"/email/{id_}", HEADERS)).json["status"] != "sending":
                pass
            await receiver.until(lambda to: any(span.name == "accept" for span in to.spans))
            assert of(receiver, id_) == []
            process.signal(signal.SIGKILL)
            await process.ended()
        async with serving(tmp_path, *config, env=receiver.otlp) as (process, port):
            await receiver.until(lambda to: len(of(to, id_)) == 1)
            process.signal(signal.SIGKILL)
            await process.ended()
    (cut,) = of(receiver, id_)
    (accept,) = [span for span in receiver.spans if span.name == "accept"]
    assert (cut.trace, cut.parent, cut.failed) == (TRACE, accept.id, True)
    assert (cut.said["posthouse.outcome"], cut.said["posthouse.attempt"]) == ("unsure", 1)
    assert cut.resource["service.instance.id"] != accept.resource["service.instance.id"]


async def test_a_batch_is_one_span_and_each_of_its_messages_goes_on_from_it(tmp_path: Path) -> None:
    async with receiving() as receiver, traced(tmp_path, receiver) as (process, port):
        batch = {"messages": [letter(subject="one"), letter(subject="two"), letter(to="nobody")]}
        reply = await post(port, "/email/batch", batch)
        await receiver.until(lambda to: sum(span.name == "attempt" for span in to.spans) == 2)
        assert await process.stopped() == 0
    (accept,) = [span for span in receiver.spans if span.name == "accept"]
    assert (accept.parent, accept.said["posthouse.count"]) == ("", 2)
    assert "posthouse.message_id" not in accept.said
    ids = [result["id"] for result in reply.json["results"][:2]]
    assert {attempt.parent for id_ in ids for attempt in of(receiver, id_)} == {accept.id}


async def test_a_message_that_is_refused_at_the_door_leaves_its_span(tmp_path: Path) -> None:
    async with receiving() as receiver, traced(tmp_path, receiver) as (process, port):
        assert (await post(port, said=letter(to="nobody"), traceparent=CALLER)).status == 422
        assert (await post(port, said=letter(to="nobody"), traceparent="nonsense")).status == 422
        assert await process.stopped() == 0
    first, second = receiver.spans
    assert (first.trace, first.said["http.response.status_code"], first.failed) == (TRACE, 422, False)
    assert (second.trace != TRACE, second.parent) == (True, "")


async def test_the_metrics_that_are_scraped_are_the_metrics_that_are_sent(tmp_path: Path) -> None:
    async with receiving() as receiver, traced(tmp_path, receiver) as (process, port):
        for _ in range(3):
            assert (await post(port, prefer="wait=20")).status == 200
        scraped = (await call(port, "GET", "/metrics", {})).body.decode()
        assert await process.stopped() == 0
    last = receiver.metrics[-1].resource_metrics[0].scope_metrics[0].metrics
    told = {metric.name: metric for metric in last}
    (accepted,) = told["posthouse_accepted_total"].sum.data_points
    assert 'posthouse_accepted_total{door="http",pool="example.com"} 3.0' in scraped
    assert accepted.as_double == 3.0
    assert (told["posthouse_accepted_total"].sum.is_monotonic, told["posthouse_attempt_seconds"].unit) == (True, "s")
    (spread,) = told["posthouse_attempt_seconds"].histogram.data_points
    assert (spread.count, sum(spread.bucket_counts), len(spread.bucket_counts)) == (
        3,
        3,
        len(spread.explicit_bounds) + 1,
    )
    names = {line.split()[2] for line in scraped.splitlines() if line.startswith("# TYPE")}
    # Families of which there is nothing: no provider has a quota here, and no canary flies.
    quiet = {"posthouse_quota_limit", "posthouse_quota_left", "posthouse_canary_seconds"}
    assert set(told) == names - quiet


async def test_a_collector_that_hangs_stops_neither_the_mail_nor_the_end(tmp_path: Path) -> None:
    async with hanging() as receiver, traced(tmp_path, receiver) as (process, port):
        replies = await asyncio.gather(*[post(port, prefer="wait=20") for _ in range(30)])
        assert {reply.json["status"] for reply in replies} == {"sent"}
        began = time.perf_counter()
        assert await process.stopped() == 0
        assert time.perf_counter() - began < 10
