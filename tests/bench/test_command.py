"""`posthouse bench`: what it prints, what it writes, how it exits."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from posthouse.bench.report import Report
from posthouse.bench.run import Plan
from posthouse.cli.bench import bench
from tests.bench.test_report import BOTH, report, run

app = typer.Typer()
app.command()(bench)
runner = CliRunner()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The command with the measurement answered by a report known here; the plans it asked for."""
    plans: list[Plan] = []

    async def measure(plan: Plan, tell: object) -> Report:
        plans.append(plan)
        return BOTH

    monkeypatch.setattr("posthouse.bench.run.measure", measure)
    return plans


def test_the_real_thing_runs_and_prints_a_line_a_measure(tmp_path: Path) -> None:
    options = {"--only": "bare", "--rounds": 1, "--seconds": 0.1, "--connections": 4, "--cold-starts": 0}
    done = runner.invoke(app, [str(part) for pair in [*options.items(), ("--directory", tmp_path)] for part in pair])
    assert done.exit_code == 0, done.output
    assert "accepted/s\tbare " in done.stdout
    assert "bare: round 1 of 1" in done.stderr


def test_json_goes_to_the_file_beside_the_table(measured: list[Plan], tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    done = runner.invoke(app, ["--rounds", "3", "--seconds", "4", "--json", str(file)])
    assert done.exit_code == 0
    assert json.loads(file.read_text())["runs"][0]["name"] == "bare"
    assert "ratio 0.45/0.51/0.55" in done.stdout
    assert measured == [Plan()]


def test_json_on_standard_output_is_alone_there(measured: list[Plan]) -> None:
    done = runner.invoke(app, ["--json", "-", "--only", "posthouse"])
    assert json.loads(done.stdout)["machine"]["cores"] == 2
    assert measured[0].names == ("posthouse",)


def test_a_run_that_lost_messages_exits_with_1_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(plan: Plan, tell: object) -> Report:
        return report(run("posthouse", 1, 4000, lost=2))

    monkeypatch.setattr("posthouse.bench.run.measure", measure)
    done = runner.invoke(app, [])
    assert done.exit_code == 1
    assert done.stderr == "round 1, posthouse: 2 lost\n"


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--only", "nobody"], ["--directory", "/no/such/place"]])
def test_wrong_use_exits_with_2(wrong: list[str]) -> None:
    assert runner.invoke(app, wrong).exit_code == 2
