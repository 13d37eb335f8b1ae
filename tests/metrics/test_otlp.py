"""A snapshot on its way to OpenTelemetry: every metric, the same numbers."""

import asyncio
import time
from collections.abc import Callable

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import AggregationTemporality, Gauge, Histogram, Metric, Sum
from opentelemetry.sdk.resources import Resource

from posthouse.metrics.described import METRICS, Described
from posthouse.metrics.otlp import Bridge, data
from posthouse.metrics.snapshot import Snapshot, Spread
from tests.telemetry.receivers import Receiver, hanging, receiving

NOW = 1_800_000_000.0
BEGAN = NOW - 60.0


def full() -> Snapshot:
    """Something of everything."""
    some = {metric.name: {metric.labels: float(place)} for place, metric in enumerate(METRICS, 1)}
    numbers = {metric.name: some[metric.name] for metric in METRICS if metric.kind != "histogram"}
    spreads = {
        metric.name: {metric.labels: Spread(tuple(range(len(metric.edges) + 1)), 1.5)}
        for metric in METRICS
        if metric.kind == "histogram"
    }
    return Snapshot(NOW, numbers, spreads)


def sent() -> dict[str, Metric]:
    (resource,) = data(full(), Resource({}), BEGAN).resource_metrics
    (scope,) = resource.scope_metrics
    return {metric.name: metric for metric in scope.metrics}


def kind_of(metric: Described) -> type:
    return {"counter": Sum, "histogram": Histogram}.get(metric.kind, Gauge)


def test_every_metric_is_sent_under_its_name_and_as_what_it_is() -> None:
    found = sent()
    assert {name: type(metric.data) for name, metric in found.items()} == {each.name: kind_of(each) for each in METRICS}


def test_counters_and_histograms_count_from_the_start_of_the_process() -> None:
    for metric in sent().values():
        if isinstance(metric.data, Sum | Histogram):
            assert metric.data.aggregation_temporality is AggregationTemporality.CUMULATIVE
            assert {point.start_time_unix_nano for point in metric.data.data_points} == {round(BEGAN * 1e9)}
        assert {point.time_unix_nano for point in metric.data.data_points} == {round(NOW * 1e9)}


def test_numbers_and_labels_are_those_of_the_snapshot() -> None:
    found, snapshot = sent(), full()
    for each in METRICS:
        (point,) = found[each.name].data.data_points
        assert dict(point.attributes or {}) == dict(zip(each.labels, each.labels, strict=True))
        if each.kind == "histogram":
            spread = snapshot.spreads[each.name][each.labels]
            assert (point.count, point.sum) == (sum(spread.counts), 1.5)  # type: ignore[union-attr]
            assert (point.bucket_counts, point.explicit_bounds) == (spread.counts, each.edges)  # type: ignore[union-attr]
        else:
            assert point.value == snapshot.numbers[each.name][each.labels]  # type: ignore[union-attr]


def test_the_least_and_the_most_of_a_histogram_are_not_made_up() -> None:
    written = encode_metrics(data(full(), Resource({}), BEGAN))
    points = [
        point
        for metric in written.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.histogram.data_points
    ]
    assert points
    assert not any(point.HasField("min") or point.HasField("max") for point in points)


def test_what_is_not_known_is_not_sent() -> None:
    (resource,) = data(Snapshot(NOW, {"posthouse_quota_left": {}}), Resource({}), BEGAN).resource_metrics
    assert list(resource.scope_metrics[0].metrics) == []


@pytest.fixture
def leading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Receiver], None]:
    """Lets the variables lead to a receiver."""

    def lead(receiver: Receiver) -> None:
        for name, value in receiver.otlp.items():
            monkeypatch.setenv(name, value)

    return lead


async def test_what_was_put_last_arrives_before_the_end(leading: Callable[[Receiver], None]) -> None:
    async with receiving() as receiver:
        leading(receiver)
        bridge = Bridge(Resource({}), BEGAN, 60.0)
        bridge.put(full())
        await asyncio.to_thread(bridge.finish)
        assert len(receiver.metrics) == 1


async def test_a_collector_that_hangs_gets_the_newest_only_and_does_not_hold_up_the_end(
    leading: Callable[[Receiver], None],
) -> None:
    async with hanging() as receiver:
        leading(receiver)
        bridge = Bridge(Resource({}), BEGAN, 60.0)
        for second in range(1000):
            bridge.put(Snapshot(NOW + second, full().numbers))
        began = time.perf_counter()
        await asyncio.to_thread(bridge.finish)
        assert time.perf_counter() - began < 5
