import asyncio
import json
import os
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from posthouse.cli import app
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sqlite import file
from posthouse.store.sqlite.copy import copy
from posthouse.store.sqlite.store import SqliteStore
from tests.store import database
from tests.store.letters import NOW, POOL, letters, status

GOOD = "pools: {example.com: {keys: {web: k}, providers: {sandbox: {}}}}\n"
STORE, BACKUP = Path("posthouse.db"), Path("backup.db")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)
    Path("posthouse.yaml").write_text(GOOD)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["restore", *words])


def use(url: str) -> None:
    """From now on this is the store."""
    Path("posthouse.yaml").write_text(f"store: {url}\n{GOOD}")


def spoil(path: Path) -> None:
    path.write_bytes(b"something else entirely" * 1000)


def content(path: Path) -> bytes:
    return path.read_bytes()


async def backed_up(count: int = 2) -> None:
    """A backup with so many unfinished messages; the store has one more."""
    store = SqliteStore(STORE)
    await store.add(letters(count))
    await asyncio.to_thread(copy, STORE, BACKUP, NOW + 60)
    await store.add(letters(1, first=99))
    await store.close()


async def test_a_backup_takes_the_stores_place_and_holds_what_is_in_doubt() -> None:
    await backed_up()
    os.unlink(STORE)
    result = run(str(BACKUP))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "sqlite:///posthouse.db: restored, as of 2027-01-15T08:01:00.000Z\n  2 messages still"
    )
    assert "posthouse release send --all" in result.stdout
    store = SqliteStore(STORE)
    doubts = await store.doubts()
    assert (doubts.pools, doubts.copied_at) == ({POOL: 2}, NOW + 60)
    assert await status(store, letters(1)[0]) == "held"
    await store.close()


async def test_a_store_that_is_there_is_moved_aside_only_where_that_is_said() -> None:
    await backed_up()
    refused = run(str(BACKUP))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "posthouse.db is there already: --force moves it aside" in refused.stderr
    told = json.loads(run(str(BACKUP), "--force", "--json").stdout)
    assert (told["in_doubt"], told["copied_at"]) == (2, "2027-01-15T08:01:00.000Z")
    moved = SqliteStore(Path(told["moved_aside"]))
    assert await status(moved, letters(1, first=99)[0]) == "queued", "it is the store as it was"
    await moved.close()


async def test_where_nothing_was_unfinished_nothing_is_in_doubt() -> None:
    await backed_up(0)
    assert "nothing is in doubt" in run(str(BACKUP), "--force").stdout


async def test_a_backup_that_is_no_good_leaves_the_store_as_it_is() -> None:
    await backed_up()
    spoil(BACKUP)
    before = content(STORE)
    result = run(str(BACKUP), "--force")
    assert result.exit_code == 1
    assert "is not a database" in result.stderr
    assert content(STORE) == before
    assert not [name for name in os.listdir() if "restoring" in name or "before" in name]


async def test_a_store_in_use_is_left_alone() -> None:
    await backed_up()
    with file.lock(STORE):
        for words in ([str(BACKUP), "--force"], ["--mark"]):
            result = run(*words)
            assert result.exit_code == 1
            assert "in use by another Posthouse process" in result.stderr


async def test_a_store_that_other_tools_restored_is_marked() -> None:
    await backed_up()
    result = run("--mark")
    assert result.exit_code == 0, result.output
    assert "3 messages" in result.stdout
    store = SqliteStore(STORE)
    assert (await store.doubts()).count == 3
    await store.close()
    assert "nothing is in doubt" in run("--mark").stdout, "it is new since then"


@pytest.mark.parametrize("words", [[], ["backup.db", "--mark"]])
def test_it_is_a_backup_or_the_store_itself(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "--mark" in result.stderr


def test_where_there_is_no_store_there_is_nothing_to_mark() -> None:
    result = run("--mark")
    assert (result.exit_code, STORE.exists()) == (1, False)


async def test_a_database_that_was_restored_is_marked() -> None:
    url = await database.server().create("restored")
    store = await PostgresStore.open(url)
    await store.add(letters(2))
    await store.close()
    use(url)
    result = await asyncio.to_thread(run, "--mark", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["in_doubt"] == 2
    store = await PostgresStore.open(url)
    assert (await store.doubts()).pools == {POOL: 2}
    await store.close()


async def test_a_database_that_somebody_sends_from_is_left_alone() -> None:
    url = await database.server().create("sending")
    store = await PostgresStore.open(url)
    await store.add(letters(1))
    await store.beat("somebody", 6.0)
    await store.close()
    use(url)
    result = await asyncio.to_thread(run, "--mark")
    assert result.exit_code == 1
    assert "1 Posthouse processes send from this database: stop them first" in result.stderr
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM in_doubt") == 0
    await connection.close()


def test_for_a_database_a_backup_is_restored_by_other_tools() -> None:
    Path("posthouse.yaml").write_text(f"store: postgresql://u:CANARY@db/mail\n{GOOD}")
    result = run("backup.db")
    assert result.exit_code == 2
    assert "pg_restore" in result.stderr
    refused = run("--mark")
    assert refused.exit_code == 1
    assert "CANARY" not in refused.output
