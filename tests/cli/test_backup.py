import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from posthouse.cli import app
from posthouse.store.sqlite import file
from posthouse.store.sqlite.store import SqliteStore
from tests.store.letters import letters

GOOD = "pools: {example.com: {keys: {web: k}, providers: {sandbox: {}}}}\n"
STORE = Path("posthouse.db")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)
    Path("posthouse.yaml").write_text(GOOD)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["backup", *words])


async def test_a_store_in_use_is_copied_and_it_is_told_what_is_in_the_copy() -> None:
    store = SqliteStore(STORE)
    await store.add(letters(2))
    result = run("copy.db")
    assert result.exit_code == 0
    assert result.stdout.startswith("copy.db: 0.2 MiB, as of ")
    assert result.stdout.endswith("with 2 messages still to be sent\n")
    assert result.stderr == "", "what takes no time says nothing of it"
    told = json.loads(run("another.db", "--json").stdout)
    assert (told["file"], told["unfinished"], told["bytes"]) == ("another.db", 2, os.stat("another.db").st_size)
    await store.close()


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced() -> None:
    file.connect(STORE).close()
    Path("copy.db").write_text("precious")
    result = run("copy.db")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "copy.db is there already: --force replaces it\n"
    assert Path("copy.db").read_text() == "precious"
    assert run("copy.db", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("target", "why"),
    [("posthouse.db", "is the store itself"), ("nowhere/copy.db", "No such file or directory")],
)
def test_what_cannot_be_is_told(target: str, why: str) -> None:
    file.connect(STORE).close()
    result = run(target, "--force")
    assert result.exit_code == 1
    assert why in result.stderr


def test_where_there_is_no_store_yet_there_is_no_copy() -> None:
    result = run("copy.db")
    assert (result.exit_code, Path("copy.db").exists()) == (1, False)
    assert "no such file" in result.stderr


def test_for_a_database_it_is_told_what_to_use() -> None:
    Path("posthouse.yaml").write_text(f"store: postgresql://u:CANARY@db/mail\n{GOOD}")
    result = run("copy.db")
    assert result.exit_code == 2
    assert "pg_dump" in result.stderr
    assert "posthouse restore --mark" in result.stderr
    assert "CANARY" not in result.output


def test_a_long_copy_tells_how_far_it_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.cli.backup.QUICK_S", -1.0)
    file.connect(STORE).close()
    assert run("copy.db").stderr.splitlines() == [f"copied {percent} %" for percent in range(10, 101, 10)]
