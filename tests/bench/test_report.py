"""The report: least, median, greatest, ratios pair by pair, and the goals."""

import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from posthouse.bench.report import (
    Goal,
    Machine,
    Name,
    Report,
    Run,
    faults,
    filesystem,
    lines,
    machine,
    number,
    rows,
    table,
)

MACHINE = Machine(2, "3.11.7", "3.54.1", "Linux 6", "ext4")


def run(name: Name, round_: int, rate: float, p99_ms: float = 20.0, **more: float) -> Run:
    known = {"accepted": 100, "p50_ms": 5.0, "max_ms": 30.0, "peak_mib": 80.0, **more}
    return Run(name=name, round=round_, accepted_per_s=rate, delivered_per_s=rate, p99_ms=p99_ms, **known)  # type: ignore[arg-type]


def report(*runs: Run, cold_ms: dict[Name, list[float]] | None = None) -> Report:
    return Report(MACHINE, 3, 4.0, 64, list(runs), cold_ms or {})


BOTH = report(
    run("bare", 1, 8000),
    run("posthouse", 1, 4400),
    run("posthouse", 2, 4500),
    run("bare", 2, 10000),
    run("bare", 3, 9000),
    run("posthouse", 3, 4590),
    cold_ms={"bare": [180, 200, 190], "posthouse": [650, 610, 640]},
)


def test_a_ratio_compares_the_two_halves_of_the_same_round() -> None:
    row = next(rows(BOTH))
    assert row.title == "accepted/s"
    assert row.spans == {"bare": (8000, 9000, 10000), "posthouse": (4400, 4500, 4590)}
    assert row.ratio == pytest.approx((0.45, 0.51, 0.55))


def test_a_goal_is_judged_by_the_medians() -> None:
    met = {row.title: row.met for row in rows(BOTH) if row.goal is not None}
    assert met == {
        "accepted/s": True,
        "delivered/s": True,
        "accept p99 ms": True,
        "peak RSS MiB": True,
        "cold start ms": False,
    }


@given(st.floats(0, 1e6), st.floats(0, 10))
def test_a_ratio_goal_looks_at_the_ratio_and_a_limit_at_the_value(value: float, ratio: float) -> None:
    assert Goal(least_ratio=0.5).met(value, ratio) == (ratio >= 0.5)
    assert Goal(most=60).met(value, ratio) == (value <= 60)
    assert Goal(least_ratio=0.5).met(value, None) is None


def test_a_server_measured_alone_has_no_ratio_and_the_bare_loop_no_verdict() -> None:
    alone = {row.title: row for row in rows(report(run("posthouse", 1, 4400, p99_ms=70)))}
    assert alone["accepted/s"].ratio is None
    assert alone["accepted/s"].met is None
    assert alone["accept p99 ms"].met is False
    assert all(row.met is None for row in rows(report(run("bare", 1, 9000))))


def test_a_figure_nobody_could_take_is_left_out() -> None:
    assert "CPU us/message" not in [row.title for row in rows(BOTH)]
    assert "CPU us/message" in [row.title for row in rows(report(run("bare", 1, 1, cpu_us=120)))]


def test_piped_it_is_one_line_a_measure() -> None:
    text = list(lines(BOTH))
    assert text[0] == "2 cores, Linux 6, Python 3.11.7, SQLite 3.54.1, store on ext4"
    assert text[2] == "accepted/s\tbare 8000/9000/10000\tposthouse 4400/4500/4590\tratio 0.45/0.51/0.55\t>= 0.5x met"
    assert text[-1] == "cold start ms\tbare 180/190/200\tposthouse 610/640/650\t<= 600 missed"


def test_on_a_terminal_of_80_columns_no_line_is_broken() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table(BOTH))
    for row in rows(BOTH):
        assert any(row.title in line for line in out.getvalue().splitlines())
    assert "4400/4500/4590" in out.getvalue()
    assert " 0.51 " in out.getvalue()
    assert "<= 600 missed" in out.getvalue()


def test_what_went_wrong_is_said_and_makes_the_report_unclean() -> None:
    wrong = report(run("bare", 1, 9000), run("posthouse", 1, 4400, undelivered=3, refused=1))
    assert BOTH.clean
    assert list(faults(BOTH)) == []
    assert not wrong.clean
    assert list(faults(wrong)) == ["round 1, posthouse: 3 undelivered, 1 refused"]


def test_a_report_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(BOTH), type=Report) == BOTH


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12346"), (100, "100"), (99.94, "99.9"), (0.5123, "0.512")])
def test_a_number_has_three_digits_or_is_whole(value: float, text: str) -> None:
    assert number(value) == text


def test_the_machine_is_described(tmp_path: Path) -> None:
    found = machine(tmp_path)
    assert found.cores >= 1
    assert found.filesystem == filesystem(tmp_path)
    assert found.sqlite.startswith("3.")
