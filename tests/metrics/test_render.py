"""A snapshot as text, read again by a parser that is not ours."""

import shutil
import subprocess
from collections.abc import Callable, Iterable

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as read

from posthouse.metrics.described import METRICS
from posthouse.metrics.render import OPEN, TEXT, render, wants_open
from posthouse.metrics.snapshot import Snapshot, Spread

read_open: Callable[[str], Iterable[Metric]] = openmetrics.text_string_to_metric_families

AWKWARD = 'a"b\\c\nd'

WHOLE = Snapshot(
    1.0,
    {metric.name: {tuple(metric.labels): 3.0} for metric in METRICS if metric.kind != "histogram"},
    {
        metric.name: {tuple(metric.labels): Spread((2, 1, *[0] * (len(metric.edges) - 1)), 0.5)}
        for metric in METRICS
        if metric.kind == "histogram"
    },
)


def test_every_metric_is_read_as_what_it_is_described_as() -> None:
    text, kind = render(WHOLE, OPEN)
    assert kind == OPEN
    families = {family.name: family for family in read_open(text.decode())}
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total").removesuffix("_info")]
        assert (family.type, family.documentation) == (metric.kind, metric.words)
        assert {*family.samples[0].labels} - {"le"} == {*metric.labels}


def test_buckets_hold_all_that_is_smaller_and_end_with_all() -> None:
    (family,) = (f for f in read(render(WHOLE, "")[0].decode()) if f.name == "posthouse_store_commit_items")
    counts = {sample.labels["le"]: sample.value for sample in family.samples if sample.name.endswith("_bucket")}
    assert (counts["1.0"], counts["2.0"], counts["+Inf"]) == (2, 3, 3)
    assert {s.name[-6:]: s.value for s in family.samples if "le" not in s.labels} == {"_count": 3, "ms_sum": 0.5}


def test_no_label_breaks_out_of_its_quotes() -> None:
    text, _ = render(Snapshot(1.0, {"posthouse_in_flight": {(AWKWARD, "first"): 1.0}}), "")
    (family,) = read(text.decode())
    assert family.samples[0].labels == {"pool": AWKWARD, "provider": "first"}


def test_what_is_unknown_is_left_out() -> None:
    assert render(Snapshot(1.0), "") == (b"", TEXT)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/html", False),
        ("text/plain;version=0.0.4;q=0.5", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.4, text/plain;q=0.5", False),
        ("Application/OpenMetrics-Text; version=1.0.0; charset=utf-8", True),
        ("application/openmetrics-text;version=\x00;q=nonsense", True),
        (",;,=;q=0.,", False),
    ],
)
def test_open_metrics_goes_to_those_who_like_it_better(accept: str, wanted: bool) -> None:
    assert wants_open(accept) is wanted
    assert render(Snapshot(1.0), accept)[1] == (OPEN if wanted else TEXT)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing: Debian's package prometheus has it")
def test_prometheus_has_nothing_against_the_names_and_the_text() -> None:
    found = subprocess.run(
        ["promtool", "check", "metrics"], input=render(WHOLE, "")[0], capture_output=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")
