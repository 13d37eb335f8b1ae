"""The measurement itself, small: real processes, real files, the bare loop alone."""

import os
from pathlib import Path

import pytest

from posthouse.bench.contestant import CONTESTANTS, Place, Tally, configuration
from posthouse.bench.load import Load
from posthouse.bench.process import BenchError
from posthouse.bench.run import Mark, Plan, measure, result


async def test_a_small_measurement_is_clean_and_leaves_nothing_behind(tmp_path: Path) -> None:
    told: list[str] = []
    plan = Plan(rounds=1, seconds=0.2, connections=8, colds=1, names=("bare",), directory=tmp_path)
    report = await measure(plan, told.append)
    assert told == ["bare: cold start, 1 times", "bare: round 1 of 1"]
    assert len(told) == plan.steps
    (run,) = report.runs
    assert run.clean, run
    assert run.accepted > 8
    assert 0 < run.delivered_per_s <= run.accepted_per_s
    assert run.messages_per_commit is not None
    assert run.messages_per_commit >= 1
    assert 0 < report.cold_ms["bare"][0] < 30_000
    assert os.listdir(tmp_path) == []


async def test_a_server_that_does_not_start_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        name = "bare"

        def command(self, place: Place) -> list[str]:
            return ["-c", "raise SystemExit('the stable is empty')"]

        async def tally(self, client: object, place: Place) -> Tally:
            raise AssertionError("never asked")

    monkeypatch.setitem(CONTESTANTS, "bare", Broken())
    with pytest.raises(BenchError, match="the stable is empty"):
        await measure(Plan(names=("bare",), directory=tmp_path), lambda _: None)


def test_posthouse_is_given_the_least_that_accepts_and_sends(tmp_path: Path) -> None:
    made = configuration(Place(tmp_path, 8080, "http://127.0.0.1:9200"))
    assert made["store"] == f"sqlite:///{tmp_path}/posthouse.db"


def shot(accepted: int, began: float) -> Load:
    return Load(accepted, began, 2.0, 5.0, 20.0, 30.0, {202: accepted, 429: 2}, lost=1, cpu_us=20.0)


def test_figures_are_the_difference_of_the_counters() -> None:
    before = Mark(100, Tally(done=True, commits=10), cpu_s=1.0, carrier_cpu_s=0.5)
    after = Mark(1100, Tally(done=True, commits=60), cpu_s=1.2, carrier_cpu_s=0.52)
    run = result("bare", 1, shot(1000, began=50.0), before, after, done_at=52.5, peak_mib=52.0)
    assert (run.accepted_per_s, run.delivered_per_s) == (500.0, 400.0)
    assert run.cpu_us == pytest.approx(200)
    assert run.carrier_cpu_us == pytest.approx(20)
    assert run.messages_per_commit == 20
    assert (run.undelivered, run.twice, run.refused, run.lost) == (0, 0, 2, 1)


def test_what_the_provider_never_got_is_undelivered_and_what_it_got_too_often_is_twice() -> None:
    before = Mark(0, Tally(done=True), None, None)
    short = result("posthouse", 1, shot(10, 0.0), before, Mark(7, Tally(done=False), None, None), 5.0, None)
    assert (short.undelivered, short.twice, short.delivered_per_s) == (3, 0, 1.4)
    long = result("posthouse", 1, shot(10, 0.0), before, Mark(12, Tally(done=True), None, None), 5.0, None)
    assert (long.undelivered, long.twice, long.cpu_us) == (0, 2, None)
    unrecorded = result("posthouse", 1, shot(10, 0.0), before, Mark(10, Tally(done=False), None, None), 5.0, None)
    assert unrecorded.undelivered == 1
