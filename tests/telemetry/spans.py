"""A tracer whose spans are kept where a test can look at them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from posthouse.telemetry.otel import OtelTracer


class Kept(msgspec.Struct, frozen=True):
    """A span that has ended. said: its attributes, without the beginnings of their names."""

    name: str
    trace: str
    parent: str | None
    began: float
    ended: float
    failed: bool
    said: dict[str, Any]


class Tracing:
    def __init__(self, tracer: OtelTracer, exporter: InMemorySpanExporter) -> None:
        self.tracer, self.exporter = tracer, exporter

    @property
    def spans(self) -> list[Kept]:
        """In the order of their ends."""
        return [
            Kept(
                name=span.name,
                trace=f"{span.context.trace_id:032x}",
                parent=None if span.parent is None else f"{span.parent.span_id:016x}",
                began=(span.start_time or 0) / 1e9,
                ended=(span.end_time or 0) / 1e9,
                failed=not span.status.is_unset,
                said={name.rpartition(".")[2]: value for name, value in (span.attributes or {}).items()},
            )
            for span in self.exporter.get_finished_spans()
        ]


@contextmanager
def tracing() -> Iterator[Tracing]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    try:
        yield Tracing(OtelTracer(provider.get_tracer("test")), exporter)
    finally:
        provider.shutdown()
