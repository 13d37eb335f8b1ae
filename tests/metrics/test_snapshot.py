"""Several processes as one: what was counted adds up, and what is seen is told as it is to be."""

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.metrics.described import METRICS, NAMED, Described
from posthouse.metrics.snapshot import NOTHING, Labels, Numbers, Snapshot, Spread, lasting, merged

WHOLE = st.integers(0, 1000).map(float)
"""Values whose sums are exact, so that no order of adding makes a difference."""


def labels(metric: Described) -> st.SearchStrategy[Labels]:
    return st.tuples(*[st.sampled_from(("a", "b")) for _ in metric.labels])


def spreads(metric: Described) -> st.SearchStrategy[Spread]:
    size = len(metric.edges) + 1
    counts = st.lists(st.integers(0, 9), min_size=size, max_size=size).map(tuple)
    return st.builds(Spread, counts, WHOLE)


COUNTED = [
    NAMED[name]
    for name in (
        *("posthouse_accepted_total", "posthouse_in_flight", "posthouse_messages", "posthouse_queue_oldest_seconds"),
        *("posthouse_breaker_state", "posthouse_quota_left"),
    )
]
SPREAD = [NAMED["posthouse_attempt_seconds"], NAMED["posthouse_store_commit_items"]]
"""Some of every way in which they become one; all of them would only take longer."""

SNAPSHOTS = st.builds(
    Snapshot,
    at=WHOLE,
    numbers=st.fixed_dictionaries(
        {}, optional={m.name: st.dictionaries(labels(m), WHOLE, max_size=4) for m in COUNTED}
    ),
    spreads=st.fixed_dictionaries(
        {}, optional={m.name: st.dictionaries(labels(m), spreads(m), max_size=4) for m in SPREAD}
    ),
)
MANY = st.lists(SNAPSHOTS, max_size=4)


def values(snapshots: list[Snapshot], metric: Described) -> dict[Labels, list[float]]:
    """What each of them says of a metric."""
    found: dict[Labels, list[float]] = {}
    for snapshot in snapshots:
        for key, value in snapshot.numbers.get(metric.name, {}).items():
            found.setdefault(key, []).append(value)
    return found


@given(MANY)
def test_counters_and_what_is_under_way_add_up(snapshots: list[Snapshot]) -> None:
    together = merged(snapshots)
    for metric in COUNTED:
        if metric.among == "sum":
            expected = {key: sum(each) for key, each in values(snapshots, metric).items()}
            assert together.numbers.get(metric.name, {}) == expected


@given(MANY)
def test_of_what_each_sees_the_worst_is_told(snapshots: list[Snapshot]) -> None:
    together = merged(snapshots)
    for metric in COUNTED:
        worst = {"most": max, "least": min}.get(metric.among)
        if worst is not None:
            expected = {key: worst(each) for key, each in values(snapshots, metric).items()}
            assert together.numbers.get(metric.name, {}) == expected


@given(MANY)
def test_of_the_store_the_last_look_is_told_and_nothing_of_an_earlier_one(snapshots: list[Snapshot]) -> None:
    together = merged(snapshots)
    for name in (metric.name for metric in COUNTED if metric.among == "newest"):
        looks = [snapshot for snapshot in snapshots if name in snapshot.numbers]
        newest = max((snapshot.at for snapshot in looks), default=0.0)
        last = [snapshot.numbers[name] for snapshot in looks if snapshot.at == newest]
        assert together.numbers.get(name, {}).keys() == {key for numbers in last for key in numbers}
        if len(last) == 1:
            assert together.numbers[name] == last[0]


@given(MANY)
def test_histograms_add_up_bucket_by_bucket(snapshots: list[Snapshot]) -> None:
    together = merged(snapshots)
    for metric in SPREAD:
        given = [snapshot.spreads.get(metric.name, {}) for snapshot in snapshots]
        found = together.spreads.get(metric.name, {})
        assert found.keys() == {key for spreads in given for key in spreads}
        for key, spread in found.items():
            parts = [spreads[key] for spreads in given if key in spreads]
            assert spread.counts == tuple(map(sum, zip(*(part.counts for part in parts), strict=True)))
            assert spread.total == sum(part.total for part in parts)


@given(st.lists(SNAPSHOTS, max_size=3))
def test_the_order_makes_no_difference(snapshots: list[Snapshot]) -> None:
    for order in permutations(snapshots):
        assert merged(order) == merged(snapshots)


@given(SNAPSHOTS)
def test_one_alone_stays_as_it_is_and_survives_the_way_to_another_process(snapshot: Snapshot) -> None:
    assert merged([snapshot]) == snapshot
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(snapshot), type=Snapshot) == snapshot


def test_every_way_is_among_those_that_are_tried() -> None:
    assert {metric.among for metric in COUNTED} == {metric.among for metric in METRICS}
    assert {metric.kind for metric in COUNTED + SPREAD} == {metric.kind for metric in METRICS} - {"info"}


def test_none_at_all_says_nothing() -> None:
    assert merged([]) == NOTHING


@given(SNAPSHOTS, SNAPSHOTS)
def test_what_was_counted_does_not_fall_when_a_process_ends(ended: Snapshot, living: Snapshot) -> None:
    before, after = merged([ended, living]), merged([lasting(ended), living])
    assert after.spreads == before.spreads
    for metric in COUNTED:
        if metric.kind == "counter":
            assert after.numbers.get(metric.name) == before.numbers.get(metric.name)
        else:
            assert after.numbers.get(metric.name) == living.numbers.get(metric.name)


def test_a_metric_of_another_version_is_not_guessed_about() -> None:
    numbers: Numbers = {("a",): 1.0}
    with pytest.raises(KeyError):
        merged([Snapshot(0.0, {"posthouse_unknown": numbers})])
    assert "posthouse_unknown" not in NAMED
