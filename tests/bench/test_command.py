"""`posthouse bench`: what it prints, what it writes, how it exits."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from posthouse.bench.ground import ALL, Plan
from posthouse.bench.process import family
from posthouse.bench.report import Report
from posthouse.bench.table import BEGIN, END
from posthouse.cli.bench import bench
from tests.bench.test_report import BOTH, report, run

app = typer.Typer()
app.command()(bench)
runner = CliRunner()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The command with the measurement answered by a report known here; the plans it asked for."""
    plans: list[Plan] = []

    async def measure(plan: Plan, tell: object, command: str) -> Report:
        plans.append(plan)
        return BOTH

    monkeypatch.setattr("posthouse.bench.run.measure", measure)
    return plans


def test_the_real_thing_runs_and_prints_a_line_a_figure(tmp_path: Path) -> None:
    options = {"--rounds": 1, "--seconds": 0.1, "--connections": 4, "--cold-starts": 0}
    words = [str(part) for pair in [*options.items(), ("--directory", tmp_path)] for part in pair]
    done = runner.invoke(app, [*words, "--only", "sqlite"])
    assert done.exit_code == 0, done.output
    assert "bare sqlite\taccepted/s\t" in done.stdout
    assert "posthouse sqlite\thalf load p99 ms\t" in done.stdout
    assert "bare sqlite: round 1 of 1" in done.stderr


def test_json_goes_to_the_file_and_the_picture_beside_the_table(measured: list[Plan], tmp_path: Path) -> None:
    file, plot = tmp_path / "bench.json", tmp_path / "bench.png"
    done = runner.invoke(app, ["--json", str(file), "--plot", str(plot)])
    assert done.exit_code == 0
    assert json.loads(file.read_text())["runs"][0]["name"] == "bare sqlite"
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "ratio 0.45/0.51/0.55" in done.stdout
    assert measured == [Plan()]


def test_json_on_standard_output_is_alone_there(measured: list[Plan]) -> None:
    done = runner.invoke(app, ["--json", "-", "--only", "posthouse", "--only", "postfix"])
    assert json.loads(done.stdout)["machine"]["cores"] == 2
    assert measured[0].names == ("posthouse sqlite", "posthouse postgresql 1", "posthouse postgresql 2", "postfix")


def test_the_page_its_figures_and_its_picture_are_written(measured: list[Plan], tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "performance.md").write_text(f"# Speed\n{BEGIN}\n{END}\n")
    done = runner.invoke(app, ["--write", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "**4,500**" in (tmp_path / "performance.md").read_text()
    assert json.loads((tmp_path / "performance.json").read_text())["date"] == "2026-11-28"
    assert (tmp_path / "pictures" / "performance.png").exists()


def test_a_page_without_a_place_for_figures_is_left_alone(measured: list[Plan], tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text("# Speed\n")
    done = runner.invoke(app, ["--write", str(tmp_path)])
    assert done.exit_code == 1
    assert "is left as it is: expected the lines" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["performance.md"]


def test_a_run_that_lost_messages_exits_with_1_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(plan: Plan, tell: object, command: str) -> Report:
        return report(run("posthouse sqlite", 1, 4000, lost=2))

    monkeypatch.setattr("posthouse.bench.run.measure", measure)
    done = runner.invoke(app, [])
    assert done.exit_code == 1
    assert done.stderr == "round 1, posthouse sqlite: 2 lost\n"


WRONG = [
    ["--rounds", "0"],
    ["--only", "nobody"],
    ["--directory", "/no/such/place"],
    ["--plot", "x.gif"],
    ["--rate", "5"],
]


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_use_exits_with_2(wrong: list[str]) -> None:
    assert runner.invoke(app, wrong).exit_code == 2


def test_who_is_to_be_measured_is_named_by_words(measured: list[Plan]) -> None:
    runner.invoke(app, ["--only", "2"])
    assert measured[0].names == ("bare postgresql 2", "posthouse postgresql 2")
    assert "bare postgresql 2" in ALL


def test_or_by_their_whole_name(measured: list[Plan]) -> None:
    runner.invoke(app, ["--only", "posthouse postgresql 2"])
    assert measured[0].names == ("posthouse postgresql 2",)


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_measurement_that_is_stopped_leaves_nothing_behind(place: Path, number: signal.Signals) -> None:
    words = ["-m", "posthouse", "bench", "--only", "bare", "--seconds", "30", "--cold-starts", "0"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, "--directory", place, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said = [await process.stderr.readline() for _ in range(2)]
    assert said == [b"PostgreSQL: start\n", b"bare sqlite: round 1 of 3\n"]
    below = family(process.pid)
    process.send_signal(number)
    assert await process.wait() != 0
    assert b"Traceback" not in await process.stderr.read()
    assert alive(below) == []
    assert os.listdir(place) == []
