import json
import os
import sys
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from posthouse.cli.recorded import Unreadable, recorded
from posthouse.cli.simulate import simulate
from posthouse.store.sqlite.store import SqliteStore
from tests.store.letters import NOW, begun, deferred, intent, letter, result, wanted

app = typer.Typer()
app.command()(simulate)

SMALL = """\
about: A short outage.
lasts: 60s
messages: 600
providers:
  one: {spells: [{from: 10s, until: 30s, fails: 100%}]}
  two: {}
"""

CONFIG = """\
store: sqlite:///{store}
pools:
  example.com:
    keys: {{web: CANARY-web}}
    providers:
      second: {{type: sandbox}}
      first: {{type: sandbox}}
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty directory, an empty environment."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def small(text: str = SMALL) -> str:
    Path("small.yaml").write_text(text)
    return "small.yaml"


def configured(store: str) -> None:
    Path("other.yaml").write_text(CONFIG.format(store=store))


def test_the_list_as_json_has_the_same_names() -> None:
    listed = json.loads(run("--list", "--json").output)
    assert [line.split()[0] for line in run("--list").output.splitlines()] == list(listed)
    assert all(listed.values())


def test_the_list_names_each_scenario_with_what_it_is_about() -> None:
    result = run("--list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 10
    assert any(line.startswith("outage-alone   A total outage of ten minutes") for line in lines)


def test_a_file_is_simulated_and_the_figures_are_told_in_plain_lines_with_progress_beside_them() -> None:
    result = run(small())
    assert result.exit_code == 0
    assert "messages              600" in result.stdout
    assert "two: attempts " in result.stdout
    progress = result.stderr.splitlines()
    assert len(progress) >= 9
    assert progress[0].endswith("of 60 s")


def test_the_same_seed_gives_the_same_figures_and_json_gives_them_all() -> None:
    first, again, other = (run(small(), "--json", "--seed", seed) for seed in ("3", "3", "4"))
    assert first.stdout == again.stdout
    figures = msgspec.json.decode(first.stdout)
    assert (figures["messages"], figures["sent"], figures["watched"]) == (600, 600, "one")
    assert figures["failed"] > 0
    assert other.exit_code == 0


def test_micromailers_rule_can_be_asked_instead() -> None:
    ours, theirs = (
        msgspec.json.decode(run(small(), "--json", "--rule", rule).stdout) for rule in ("posthouse", "micromailer")
    )
    assert ours["checks"] > 0
    assert theirs["checks"] == theirs["openings"] == 0


def test_what_is_wrong_with_a_scenario_is_told_line_by_line() -> None:
    result = run(small("lasts: 5\nproviders: {one: {colour: red}}"))
    assert (result.exit_code, result.stdout) == (1, "")
    first, second = result.stderr.splitlines()
    assert first == "lasts (line 1): expected a duration such as 50ms, 30s, 5m or 1h30m"
    assert second.startswith("providers.one.colour (line 2): unknown setting")


def test_a_name_that_is_neither_built_in_nor_a_file_is_told_with_those_there_are() -> None:
    result = run("outtage")
    assert result.exit_code == 2
    assert "outtage cannot be read: No such file or directory; built in are brown-out, half" in result.stderr
    Path("binary.yaml").write_bytes(b"\xff\xfe\xfa")
    assert "binary.yaml cannot be read: not UTF-8" in run("binary.yaml").stderr


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("small.yaml", "--list"),
        ("--list", "--what-if", "x.yaml"),
        ("small.yaml", "--plot", "x.gif"),
        ("--list", "--plot", "x.png"),
    ],
)
def test_wrong_use_exits_2(words: tuple[str, ...]) -> None:
    small()
    assert run(*words).exit_code == 2


@pytest.mark.parametrize(("name", "start"), [("run.png", b"\x89PNG"), ("run.SVG", b"<?xml")])
def test_a_picture_is_drawn_by_the_ending_of_its_name(name: str, start: bytes) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib (the extra sim) is not installed")
    assert run(small(), "--plot", name).exit_code == 0
    assert Path(name).read_bytes().startswith(start)


def test_a_picture_that_cannot_be_written_is_told() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib (the extra sim) is not installed")
    result = run(small(), "--plot", "nowhere/run.png")
    assert result.exit_code == 1
    assert "nowhere/run.png cannot be written: No such file or directory" in result.stderr


def test_without_matplotlib_a_picture_is_refused_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run(small(), "--plot", "run.png")
    assert result.exit_code == 1
    assert "posthouse[sim]" in result.stderr


async def _a_store(path: Path) -> None:
    """Three messages: the first provider fails one of them, which goes to the second."""
    store = SqliteStore(path)
    first, *others = await begun(store, *(letter(number) for number in range(3)))
    await store.record([result(claim, at=NOW + 0.5) for claim in others])
    await store.record([deferred(first, NOW + 1, at=NOW + 0.25)])
    [again] = await store.claim(wanted(NOW + 1))
    await store.intend([intent(again, "second", NOW + 1)])
    await store.record([result(again, provider="second", at=NOW + 2)])
    await store.close()


async def test_recorded_attempts_are_replayed_under_the_policy_of_a_configuration() -> None:
    await _a_store(Path("house.db"))
    configured("house.db")
    told = run("--what-if", "other.yaml")
    assert told.exit_code == 0
    assert "example.com: 3 messages" in told.stdout
    assert "failed attempts: 1 = 25.00 % -> 0 = 0.00 %" in told.stdout
    assert "carried by second: 33.3 % -> 100.0 %" in told.stdout
    assert "33 % of its answers were recorded for the same message" in told.stdout
    replay = msgspec.json.decode(run("--what-if", "other.yaml", "--json").stdout)["example.com"]
    assert (replay["known"], replay["near"], replay["guessed"]) == (1, 2, 0)
    assert (replay["recorded"]["failed"], replay["then"]["failed"]) == (1, 0)


async def test_the_store_is_read_while_a_server_holds_it_and_left_as_it_was() -> None:
    store = SqliteStore(Path("house.db"))
    await begun(store, letter())
    assert recorded(Path("house.db")) == {}
    await store.close()


async def test_what_a_store_recorded_is_read_with_times_and_blame() -> None:
    await _a_store(Path("house.db"))
    attempts = recorded(Path("house.db"))["example.com"]
    told = {(a.provider, a.outcome, a.at - NOW, a.latency_s, a.blamed) for a in attempts}
    assert told == {
        ("first", "accepted", 0.0, 0.5, False),
        ("first", "deferred", 0.0, 0.25, True),
        ("second", "accepted", 1.0, 1.0, False),
    }


async def test_a_store_without_attempts_of_the_pool_says_so() -> None:
    await SqliteStore(Path("house.db")).close()
    configured("house.db")
    result = run("--what-if", "other.yaml")
    assert (result.exit_code, result.stdout) == (0, "no attempts of these pools are recorded in sqlite:///house.db\n")


def test_a_store_that_is_not_there_is_not_made() -> None:
    configured("gone.db")
    result = run("--what-if", "other.yaml")
    assert (result.exit_code, result.stderr) == (1, "gone.db: there is no such store\n")
    assert not Path("gone.db").exists()


def test_a_file_that_is_no_store_is_told() -> None:
    Path("text.db").write_text("no database at all, but text that is long enough to be looked at" * 100)
    with pytest.raises(Unreadable, match=r"text\.db cannot be read as a store"):
        recorded(Path("text.db"))


def test_a_configuration_with_problems_or_without_a_file_to_read_is_refused() -> None:
    Path("bad.yaml").write_text("pools: {}")
    assert run("--what-if", "bad.yaml").exit_code == 1
    Path("far.yaml").write_text(CONFIG.format(store="x").replace("sqlite:///x", "postgresql://u:CANARY@db/mail"))
    result = run("--what-if", "far.yaml")
    assert result.exit_code == 1
    assert "CANARY" not in result.output
    assert "SQLite only" in result.stderr
