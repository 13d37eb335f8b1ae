"""A snapshot as OpenTelemetry takes it: the same counts under the same names, sent by a thread that nobody waits for.

There is no second bookkeeping: what Prometheus scrapes is turned into the SDK's values and handed to its exporter.
Metrics whose values every process tells alike keep their names, so they are to be read as the largest and not the sum.
"""

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from posthouse import __version__
from posthouse.metrics.described import METRICS, Described
from posthouse.metrics.snapshot import Labels, Snapshot, Spread

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import Metric, MetricExporter, MetricsData
    from opentelemetry.sdk.resources import Resource

FLUSH_S: Final = 1.5
"""How long the end of the process waits for what is still to be sent."""


class Bridge:
    """Sends snapshots of this process. Of those that come while one is on its way only the newest is sent.

    began: when counting began, seconds since the epoch. every_s: how often one should come.
    """

    def __init__(self, resource: "Resource", began: float, every_s: float) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        self.every_s = every_s
        self._resource, self._began = resource, began
        self._exporter: MetricExporter = OTLPMetricExporter()
        self._next: Snapshot | None = None
        self._news = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._send, name="posthouse-metrics", daemon=True)
        self._thread.start()

    def put(self, snapshot: Snapshot) -> None:
        """Send it, as soon as the one before is through."""
        with self._news:
            self._next = snapshot
            self._news.notify()

    def finish(self) -> None:
        """Send what is still to be sent, if that does not take long."""
        with self._news:
            self._over = True
            self._news.notify()
        self._thread.join(FLUSH_S)
        self._exporter.shutdown()

    def _send(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._next is not None or self._over)
                snapshot, self._next = self._next, None
            if snapshot is None:
                return
            self._exporter.export(data(snapshot, self._resource, self._began))


def data(snapshot: Snapshot, resource: "Resource", began: float) -> "MetricsData":
    """All of it, as the SDK's values."""
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    scope = ScopeMetrics(InstrumentationScope("posthouse", __version__), list(_metrics(snapshot, began)), "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _metrics(snapshot: Snapshot, began: float) -> "Iterator[Metric]":
    from opentelemetry.sdk.metrics.export import Metric

    for metric in METRICS:
        times = (round(began * 1e9), round(snapshot.at * 1e9))
        if metric.kind == "histogram":
            if spreads := snapshot.spreads.get(metric.name):
                yield Metric(metric.name, metric.words, _unit(metric), _histogram(metric, spreads, *times))
        elif numbers := snapshot.numbers.get(metric.name):
            yield Metric(metric.name, metric.words, _unit(metric), _numbers(metric, numbers, *times))


def _numbers(metric: Described, numbers: Mapping[Labels, float], began: int, now: int) -> Any:
    from opentelemetry.sdk.metrics.export import AggregationTemporality, Gauge, NumberDataPoint, Sum

    counts = metric.kind == "counter"
    points = [
        NumberDataPoint(dict(zip(metric.labels, labels, strict=True)), began if counts else now, now, float(value))
        for labels, value in sorted(numbers.items())
    ]
    return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True) if counts else Gauge(points)


def _histogram(metric: Described, spreads: Mapping[Labels, Spread], began: int, now: int) -> Any:
    from opentelemetry.sdk.metrics.export import AggregationTemporality, Histogram, HistogramDataPoint

    unknown: Any = None  # neither the least nor the most is kept
    points = [
        HistogramDataPoint(
            attributes=dict(zip(metric.labels, labels, strict=True)),
            start_time_unix_nano=began,
            time_unix_nano=now,
            count=sum(spread.counts),
            sum=spread.total,
            bucket_counts=spread.counts,
            explicit_bounds=metric.edges,
            min=unknown,
            max=unknown,
        )
        for labels, spread in sorted(spreads.items(), key=lambda item: item[0])
    ]
    return Histogram(points, AggregationTemporality.CUMULATIVE)


def _unit(metric: Described) -> str:
    """As the standard writes units; nothing where it counts."""
    return "s" if metric.name.endswith("_seconds") else ""
