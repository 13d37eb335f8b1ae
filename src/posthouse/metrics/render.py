"""A snapshot as text: OpenMetrics where the caller would rather have that, otherwise Prometheus's own format."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from posthouse.metrics.described import METRICS, Described
from posthouse.metrics.snapshot import Labels, Snapshot, Spread

if TYPE_CHECKING:
    from prometheus_client.core import Metric

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPEN: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_RANGE: Final = re.compile(r"\s*([^\s;,]+)\s*(?:;[^,]*?\bq\s*=\s*([01](?:\.\d{0,3})?))?[^,]*(?:,|$)")


def render(snapshot: Snapshot, accept: str) -> tuple[bytes, str]:
    """(text, media type). accept: the header, whatever stands in it."""
    # prometheus_client takes longer to import than all of the door: only who is scraped pays for it.
    from prometheus_client.exposition import generate_latest
    from prometheus_client.openmetrics import exposition as openmetrics

    write: Callable[..., bytes] = openmetrics.generate_latest if wants_open(accept) else generate_latest
    return write(_Collected(snapshot)), OPEN if wants_open(accept) else TEXT


def wants_open(accept: str) -> bool:
    """Whether OpenMetrics is liked better than plain text; where both are liked the same, it is."""
    liking = {name.lower(): float(quality or 1) for name, quality in _RANGE.findall(accept)}
    liked = liking.get("application/openmetrics-text", 0.0)
    return liked > 0.0 and liked >= liking.get("text/plain", 0.0)


class _Collected:
    """A `Collector` of prometheus_client."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> "Iterator[Metric]":
        for metric in METRICS:
            if metric.kind == "histogram":
                found = self._snapshot.spreads.get(metric.name)
                if found is not None:
                    yield _histogram(metric, found)
            elif (numbers := self._snapshot.numbers.get(metric.name)) is not None:
                yield _numbers(metric, numbers)


def _numbers(metric: Described, numbers: Mapping[Labels, float]) -> "Metric":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

    if metric.kind == "info":
        info = InfoMetricFamily(metric.name.removesuffix("_info"), metric.words, labels=metric.labels)
        for labels in sorted(numbers):
            info.add_metric(labels, {})
        return info
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.words, labels=metric.labels)
    for labels, value in sorted(numbers.items()):
        family.add_metric(labels, value)
    return family


def _histogram(metric: Described, spreads: Mapping[Labels, Spread]) -> "Metric":
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(metric.name, metric.words, labels=metric.labels)
    edges = [*(str(edge) for edge in metric.edges), "+Inf"]
    for labels, spread in sorted(spreads.items(), key=lambda item: item[0]):
        family.add_metric(labels, list(zip(edges, accumulate(spread.counts), strict=True)), spread.total)
    return family
