"""The measurement itself, small: real processes, real files, real PostgreSQL, bare loops."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from posthouse.bench.contestant import CONTESTANTS, Place, Tally
from posthouse.bench.ground import Plan
from posthouse.bench.postgresql import Database, Unavailable
from posthouse.bench.process import BenchError
from posthouse.bench.run import measure


@pytest.mark.parametrize("name", ["bare sqlite", "bare postgresql 1", "bare postgresql 2"])
async def test_a_small_measurement_is_clean_and_leaves_nothing_behind(place: Path, name: str) -> None:
    told: list[tuple[str, int]] = []
    plan = Plan(rounds=1, seconds=0.2, connections=8, colds=1, names=(name,), directory=place)
    report = await measure(plan, lambda *step: told.append(step), "posthouse bench")
    assert told[-2:] == [(f"{name}: cold start, 1 times", 2), (f"{name}: round 1 of 1", 2)]
    (run,) = report.runs
    assert run.clean, run
    assert run.accepted >= 8  # every caller was answered at least once, however slow the disk
    assert 0 < run.delivered_per_s <= run.accepted_per_s
    assert run.messages_per_commit is not None
    assert run.messages_per_commit > 0
    assert run.half_per_s == pytest.approx(run.delivered_per_s / 2, rel=0.5)
    assert run.disk_bytes is not None
    assert 1000 < run.disk_bytes < 20_000
    assert (run.database_cpu_us is None) == (name == "bare sqlite")
    assert 0 < report.cold_ms[name][0] < 30_000
    assert os.listdir(place) == []


async def test_a_server_that_does_not_start_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        name = "bare sqlite"
        store = "sqlite"

        async def commands(self, place: Place, database: Database | None) -> list[list[str]]:
            return [["-c", "raise SystemExit('the stable is empty')"]]

        async def tally(self, client: object, place: Place) -> Tally:
            raise AssertionError("never asked")

    monkeypatch.setitem(CONTESTANTS, "bare sqlite", Broken())
    with pytest.raises(BenchError, match="the stable is empty"):
        await measure(Plan(names=("bare sqlite",), directory=tmp_path), lambda *_: None)


async def test_who_cannot_be_measured_here_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def started(directory: Path) -> AsyncIterator[Database]:
        raise Unavailable("no PostgreSQL")
        yield

    monkeypatch.setattr("posthouse.bench.postgresql.started", started)
    monkeypatch.setattr("posthouse.bench.postfix.PATH", str(tmp_path))
    names = ("bare postgresql 1", "postfix")
    report = await measure(Plan(1, 0.1, names=names, directory=tmp_path), lambda *_: None)
    assert report.missing["bare postgresql 1"] == "no PostgreSQL"
    assert report.missing["postfix"].startswith("no postfix: install Postfix")
    assert (report.runs, report.names) == ([], list(names))


async def test_a_postgresql_that_is_named_and_not_there_is_an_error(tmp_path: Path) -> None:
    plan = Plan(1, 0.1, names=("bare postgresql 1",), directory=tmp_path, postgresql="postgresql://127.0.0.1:1/x")
    with pytest.raises(BenchError, match="PostgreSQL cannot be reached"):
        await measure(plan, lambda *_: None)
