"""A real Postfix with everything of its own: it takes, it delivers, and it is gone afterwards."""

import os
from pathlib import Path

import pytest

from posthouse.bench import postfix
from posthouse.bench.ground import Plan
from posthouse.bench.run import measure

WHY_NOT = postfix.why_not(Path("/var/tmp"))


@pytest.mark.skipif(WHY_NOT is not None, reason=f"Postfix cannot be measured: {WHY_NOT}")
async def test_every_message_is_delivered_once_and_nothing_is_left(place: Path) -> None:
    report = await measure(Plan(1, 0.1, 8, 0, ("postfix",), place), lambda *_: None)
    (run,) = report.runs
    assert run.clean, run
    assert run.accepted == 100
    assert 0 < run.delivered_per_s <= run.accepted_per_s
    assert run.p99_ms is None
    assert run.cpu_us is not None
    assert run.cpu_us > 0
    assert report.machine.others["Postfix"].startswith("3.")
    assert os.listdir(place) == []


def test_a_place_that_others_cannot_get_to_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("posthouse.bench.postfix.PROGRAMS", ())
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (tmp_path / "inner").mkdir(0o700)
    assert postfix.why_not(tmp_path / "inner") == (
        f"Postfix's own user cannot get to {tmp_path / 'inner'}: name another --directory"
    )
    monkeypatch.setattr("posthouse.bench.postfix.os.geteuid", lambda: 1000)
    assert postfix.why_not(tmp_path) == "Postfix is started by root"
