"""OpenTelemetry, where the standard `OTEL_*` variables ask for it: spans and metrics over OTLP/HTTP.

The SDK reads those variables itself; `asked` only finds out whether anybody wants it, and what it could not do. What is
made here is this process's own and is never set as a global: no other library's spans come along.
"""

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from posthouse import __version__
from posthouse.telemetry.trace import ATTRIBUTES, Kind, Span

if TYPE_CHECKING:
    from opentelemetry import trace as api
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Tracer as SdkTracer
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
INTERVAL: Final = "OTEL_METRIC_EXPORT_INTERVAL"

INTERVAL_MS: Final = 60_000.0
"""How often metrics are sent, unless said: the standard's own."""

FLUSH_S: Final = 1.5
"""How long the end of the process waits for what is still to be sent."""


class Asked(msgspec.Struct, frozen=True):
    """What the environment wants. every_s: between two sendings of the metrics."""

    traces: bool
    metrics: bool
    every_s: float


def asked(env: Mapping[str, str]) -> Asked | None:
    """What the variables ask for; None where they ask for nothing. ValueError names one that says what cannot be."""
    if env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    traces, metrics = _wanted(env, "TRACES"), _wanted(env, "METRICS")
    if not traces and not metrics:
        return None
    told = env.get(INTERVAL) or INTERVAL_MS
    try:
        every_s = float(told) / 1000
    except ValueError:
        every_s = 0.0
    if not 0 < every_s < 86_400:
        raise ValueError(f"{INTERVAL}: expected milliseconds, more than 0 and less than a day")
    return Asked(traces, metrics, every_s)


def _wanted(env: Mapping[str, str], signal: str) -> bool:
    """Whether this signal is to be sent: its exporter is said, or where to."""
    name = f"OTEL_{signal}_EXPORTER"
    exporter = env.get(name, "").strip().lower()
    endpoint = f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"
    places = [place for place in (endpoint, ENDPOINT) if env.get(place)]
    if exporter not in ("", "otlp", "none"):
        raise ValueError(f"{name}: expected otlp or none")
    if exporter == "none" or (not exporter and not places):
        return False
    for protocol in (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", PROTOCOL):
        if env.get(protocol, "http/protobuf") != "http/protobuf":
            raise ValueError(f"{protocol}: expected http/protobuf, which collectors take on port 4318")
    for place in places[:1]:
        parts = urlsplit(env[place])
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{place}: expected an address such as http://127.0.0.1:4318")
    return True


class Otel:
    """What sends. tracer: None where nobody wants spans. resource: what this process is, for its metrics."""

    def __init__(self, wants: Asked, resource: "Resource", provider: "TracerProvider | None") -> None:
        self.asked, self.resource, self._provider = wants, resource, provider
        self.tracer = None if provider is None else OtelTracer(provider.get_tracer("posthouse", __version__))

    def finish(self) -> None:
        """Send what is still to be sent, if that does not take long."""
        if self._provider is not None:
            ending = threading.Thread(target=self._provider.shutdown, daemon=True)
            ending.start()
            ending.join(FLUSH_S)


def opened(wants: Asked, env: Mapping[str, str], instance: str) -> Otel:
    """Begin to send. instance: a name for this process. ValueError: the package is not there."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ValueError(
            "OTEL_* variables ask for OpenTelemetry, and its packages are not installed: install posthouse[otel], or "
            "say OTEL_SDK_DISABLED=true"
        ) from None
    # What follows a full queue is said once per span.
    logging.getLogger("opentelemetry.sdk._shared_internal").setLevel(logging.ERROR)
    ours = {"service.version": __version__, "service.instance.id": instance}
    if not env.get("OTEL_SERVICE_NAME") and "service.name=" not in env.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        ours["service.name"] = "posthouse"
    resource = Resource.create(ours)
    if not wants.traces:
        return Otel(wants, resource, None)
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Otel(wants, resource, provider)


class OtelTracer:
    """A `Tracer`."""

    def __init__(self, tracer: "SdkTracer | api.Tracer") -> None:
        from opentelemetry import trace as api
        from opentelemetry.context import Context

        self._tracer, self._api = tracer, api
        self._root = Context()
        self._kinds = {"server": api.SpanKind.SERVER, "consumer": api.SpanKind.CONSUMER, "client": api.SpanKind.CLIENT}

    def start(self, name: str, kind: Kind, at: float, parent: str | None = None) -> Span:
        context = self._root if parent is None else self._context(parent)
        return OtelSpan(self._tracer.start_span(name, context, self._kinds[kind], start_time=_nanoseconds(at)))

    def _context(self, parent: str) -> Any:
        _, trace, span, flags = parent.split("-")
        api = self._api
        of = api.SpanContext(
            int(trace, 16), int(span, 16), is_remote=True, trace_flags=api.TraceFlags(int(flags, 16) & 1)
        )
        return api.set_span_in_context(api.NonRecordingSpan(of), self._root)


class OtelSpan:
    """A `Span`."""

    def __init__(self, span: "api.Span") -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 1:02x}"

    def end(self, at: float, *, failed: bool = False, **attributes: str | int) -> None:
        from opentelemetry.trace import StatusCode

        for name, value in attributes.items():
            if name in ATTRIBUTES:
                self._span.set_attribute(ATTRIBUTES[name], value)
        if failed:
            self._span.set_status(StatusCode.ERROR)
        self._span.end(_nanoseconds(at))


def _nanoseconds(instant: float) -> int:
    return round(instant * 1e9)
