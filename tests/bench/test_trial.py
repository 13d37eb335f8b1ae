"""The figures of one run: differences of counters."""

from pathlib import Path

import pytest

from posthouse.bench.contestant import Place, Posthouse, Tally, configuration
from posthouse.bench.load import Load
from posthouse.bench.trial import Mark, joined, result


def test_posthouse_is_given_the_least_that_accepts_and_sends(tmp_path: Path) -> None:
    made = configuration(Place(tmp_path, 8080, "http://127.0.0.1:9200"))
    assert made["store"] == f"sqlite:///{tmp_path}/posthouse.db"
    made = configuration(Place(tmp_path, 8080, "http://127.0.0.1:9200", database="postgresql://h/d"))
    assert made["store"] == "postgresql://h/d"


async def test_two_processes_are_two_workers(tmp_path: Path) -> None:
    place = Place(tmp_path, 8080, "http://127.0.0.1:9200", database="postgresql://h/d")
    [one], [two] = [await Posthouse("postgresql", count).commands(place, None) for count in (1, 2)]
    assert "--workers" not in one
    assert two[-2:] == ["--workers", "2"]


def shot(accepted: int, began: float, late: int = 0) -> Load:
    return Load(accepted, began, 2.0, 5.0, 20.0, 30.0, {202: accepted, 429: 2}, lost=1, cpu_us=20.0, late=late)


def test_figures_are_the_difference_of_the_counters() -> None:
    before = Mark(100, Tally(done=True, commits=10), 1.0, 0.5, 2.0, 5e5, 1e6)
    after = Mark(1100, Tally(done=True, commits=60), 1.2, 0.52, 2.1, 7e5, 4e6)
    run = result("bare sqlite", 1, shot(1000, began=50.0), before, after, done_at=52.5)
    assert (run.accepted_per_s, run.delivered_per_s) == (500.0, 400.0)
    assert run.cpu_us == pytest.approx(200)
    assert run.carrier_cpu_us == pytest.approx(20)
    assert run.database_cpu_us == pytest.approx(100)
    assert (run.log_bytes, run.disk_bytes) == (3000, 200)
    assert run.messages_per_commit == 20
    assert (run.undelivered, run.twice, run.refused, run.lost) == (0, 0, 2, 1)


def test_what_the_provider_never_got_is_undelivered_and_what_it_got_too_often_is_twice() -> None:
    before = Mark(0, Tally(done=True))
    short = result("posthouse sqlite", 1, shot(10, 0.0), before, Mark(7, Tally(done=False)), 5.0)
    assert (short.undelivered, short.twice, short.delivered_per_s) == (3, 0, 1.4)
    long = result("posthouse sqlite", 1, shot(10, 0.0), before, Mark(12, Tally(done=True)), 5.0)
    assert (long.undelivered, long.twice, long.cpu_us) == (0, 2, None)
    unrecorded = result("posthouse sqlite", 1, shot(10, 0.0), before, Mark(10, Tally(done=False)), 5.0)
    assert unrecorded.undelivered == 1


def test_what_goes_wrong_at_half_load_is_wrong() -> None:
    nothing, ten = Mark(0, Tally(done=True)), Mark(10, Tally(done=True))
    full = result("posthouse sqlite", 1, shot(10, 0.0), nothing, ten, 5.0)
    half = shot(10, 5.0, late=3)
    both = joined(full, result("posthouse sqlite", 1, half, ten, Mark(19, Tally(done=True)), 9.0), half, 80.0)
    assert (both.undelivered, both.lost, both.refused, both.late) == (1, 2, 4, 3)
    assert (both.half_p99_ms, both.p99_ms, both.peak_mib, both.half_per_s) == (20.0, 20.0, 80.0, 5.0)
