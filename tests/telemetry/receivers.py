"""Servers on this machine that take what Posthouse sends to those who watch it, and read it as they do."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.providers.server import Peer, Received, Server, answer, serving


class Receiver:
    """requests: all that came. env: the variables that lead here."""

    def __init__(self, server: Server) -> None:
        self.url, self.requests = server.url, server.requests
        self.news = asyncio.Condition()

    async def until(self, told: Callable[["Receiver"], bool]) -> None:
        """Wait for requests until that is so."""
        async with asyncio.timeout(30), self.news:
            await self.news.wait_for(lambda: told(self))

    @property
    def whole(self) -> bytes:
        """All bodies as they were before they were packed, one after the other, and all headers."""
        return b"".join(body(one) + repr((one.target, one.headers)).encode() for one in self.requests)

    # What an OTLP receiver reads

    @property
    def otlp(self) -> dict[str, str]:
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
        }

    @property
    def spans(self) -> list["Seen"]:
        return [
            Seen(span, resource.resource)
            for request in self.requests
            if request.target == "/v1/traces"
            for resource in ExportTraceServiceRequest.FromString(body(request)).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def metrics(self) -> list[ExportMetricsServiceRequest]:
        return [
            ExportMetricsServiceRequest.FromString(body(request))
            for request in self.requests
            if request.target == "/v1/metrics"
        ]

    # What Sentry reads

    @property
    def dsn(self) -> str:
        return self.url.replace("http://", "http://CANARY5d1e0dsn@") + "/42"

    @property
    def events(self) -> list[dict[str, Any]]:
        found = []
        for request in self.requests:
            lines = body(request).split(b"\n")
            header, rest = json.loads(lines[0]), lines[1:]
            assert "dsn" not in header or "CANARY" in header["dsn"]
            for kind, item in zip(rest[::2], rest[1::2], strict=False):
                if json.loads(kind)["type"] == "event":
                    found.append(json.loads(item))
        return found


class Seen:
    """A span as the receiver sees it."""

    def __init__(self, span: Any, resource: Any) -> None:
        self.name: str = span.name
        self.trace: str = span.trace_id.hex()
        self.id: str = span.span_id.hex()
        self.parent: str = span.parent_span_id.hex()
        self.kind: int = span.kind
        self.failed: bool = span.status.code == 2
        self.began, self.ended = span.start_time_unix_nano / 1e9, span.end_time_unix_nano / 1e9
        self.said = values(span.attributes)
        self.resource = values(resource.attributes)


def values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def body(request: Received) -> bytes:
    return gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body


@asynccontextmanager
async def receiving(status: int = 200) -> AsyncIterator[Receiver]:
    """A receiver that answers with this status."""

    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            async with receiver.news:
                receiver.requests.append(request)
                receiver.news.notify_all()
            await peer.say(answer(status, [("content-type", "application/json")], b"{}"))

    async with serving(script) as server:
        receiver = Receiver(server)
        yield receiver


@asynccontextmanager
async def hanging() -> AsyncIterator[Receiver]:
    """A receiver that takes everything and never answers."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.gone()

    async with serving(script) as server:
        yield Receiver(server)
