import asyncio
import json
import os
from pathlib import Path

import apsw
import pytest
from typer.testing import CliRunner, Result

from posthouse.cli import app
from posthouse.cli.migrate import newest
from posthouse.store.sql import migrations
from posthouse.store.sqlite import file
from tests.store import database

GOOD = "pools: {example.com: {keys: {web: k}, providers: {sandbox: {}}}}\n"
STORE = Path("posthouse.db")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)
    Path("posthouse.yaml").write_text(GOOD)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["migrate", *words])


def older(schema: int) -> None:
    """A store as an earlier version left it."""
    db = apsw.Connection(str(STORE))
    for number, sql in migrations("posthouse.store.sqlite")[:schema]:
        db.execute(sql).fetchall()
        db.pragma("user_version", number)
    db.pragma("application_id", file.APPLICATION_ID)
    db.close()


def schema(path: Path) -> int:
    db = apsw.Connection(str(path))
    found = int(db.pragma("user_version"))
    db.close()
    return found


def test_an_older_store_is_brought_up_to_date_and_the_step_is_told() -> None:
    older(1)
    result = run()
    first, second = result.stdout.splitlines()
    assert (result.exit_code, first) == (0, f"sqlite:///posthouse.db: from schema 1 to {newest()}")
    [copy] = Path().glob("posthouse.db.schema-1.*")
    assert second == f"  {copy} is the store as it was: delete it when all is well"
    assert schema(copy) == 1
    assert run().stdout == f"sqlite:///posthouse.db: schema {newest()} already, nothing to do\n"


def test_as_json_the_same_is_told() -> None:
    older(1)
    told = json.loads(run("--json").stdout)
    [copy] = Path().glob("posthouse.db.schema-1.*")
    assert told == {"store": "sqlite:///posthouse.db", "from": 1, "to": newest(), "copy": str(copy)}


def test_without_a_copy_none_is_kept() -> None:
    older(1)
    assert run("--no-backup").stdout == f"sqlite:///posthouse.db: from schema 1 to {newest()}\n"
    assert sorted(path.name for path in Path().glob("posthouse.db*")) == ["posthouse.db", "posthouse.db.lock"]


def test_where_there_is_none_yet_none_is_made() -> None:
    result = run()
    assert (result.exit_code, STORE.exists()) == (0, False)
    assert "posthouse serve" in result.stdout


def test_what_is_not_ours_is_left_alone() -> None:
    STORE.write_bytes(b"something else entirely" * 100)
    result = run()
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is not a database" in result.stderr
    assert STORE.read_bytes() == b"something else entirely" * 100


def test_a_store_in_use_is_left_alone() -> None:
    older(1)
    with file.lock(STORE):
        result = run()
    assert result.exit_code == 1
    assert "in use by another Posthouse process" in result.stderr


def test_a_newer_store_is_left_alone() -> None:
    older(newest())
    db = apsw.Connection(str(STORE))
    db.pragma("user_version", newest() + 1)
    db.close()
    assert "newer Posthouse" in run().stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [("pools: {}\n", "pools"), (f"store: postgresql://u:CANARY@db/mail\n{GOOD}", "cannot be reached")],
)
def test_what_cannot_be_migrated_is_told(text: str, told: str) -> None:
    Path("posthouse.yaml").write_text(text)
    result = run()
    assert result.exit_code == 1
    assert told in result.stderr
    assert "CANARY" not in result.output


def test_a_database_is_brought_up_to_date_too() -> None:
    url = asyncio.run(database.server().create("migrated"))
    Path("posthouse.yaml").write_text(f"store: {url}\n{GOOD}")
    steps = len(migrations("posthouse.store.postgres"))
    first, again = run(), run()
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stdout.endswith(f": from schema 0 to {steps}\n")
    assert again.stdout.endswith(f": schema {steps} already, nothing to do\n")


def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    Path("posthouse.yaml").write_text(f"store: postgresql://ann:s3cret@127.0.0.1:1/x\n{GOOD}")
    result = run()
    assert result.exit_code == 1
    assert "s3cret" not in result.output
