from pathlib import Path

import apsw
import pytest

from posthouse.clock import SystemClock
from posthouse.config.values import Scalar, Store, store
from posthouse.doctor.storage import postgresql, schema, sqlite
from posthouse.store.sqlite.store import SqliteStore
from tests.store import database


def at(url: str) -> Store:
    found = store(Scalar(url))
    assert isinstance(found, Store)
    return found


def test_a_file_that_is_not_there_is_made_later_and_not_by_looking(tmp_path: Path) -> None:
    found = sqlite(at(f"sqlite:///{tmp_path}/posthouse.db"))
    assert (found.value, list(tmp_path.iterdir())) == ("ok", [])


async def test_a_store_is_looked_at_while_a_server_runs_on_it(tmp_path: Path) -> None:
    running = SqliteStore(tmp_path / "posthouse.db")
    try:
        found = sqlite(at(f"sqlite:///{tmp_path}/posthouse.db"))
        assert (found.value, found.seen.startswith("schema ")) == ("ok", True)
    finally:
        await running.close()


def test_what_is_no_database_or_another_applications_is_told(tmp_path: Path) -> None:
    (tmp_path / "posthouse.db").write_text("this is no database, and was never one: " * 20)
    assert "cannot be read" in sqlite(at(f"sqlite:///{tmp_path}/posthouse.db")).seen
    db = apsw.Connection(str(tmp_path / "other.db"))
    db.pragma("application_id", 77)
    db.execute("CREATE TABLE t (a)")
    db.close()
    assert "another application" in sqlite(at(f"sqlite:///{tmp_path}/other.db")).seen


@pytest.mark.parametrize(("found", "value"), [(2, "warn"), (3, "ok"), (4, "fail")])
def test_an_older_schema_is_brought_up_and_a_newer_one_is_not_for_this_version(found: int, value: str) -> None:
    assert schema("sqlite:///x.db", found, 3).value == value


async def test_a_database_is_told_with_its_settings_and_its_schema() -> None:
    from posthouse.store.postgres.store import PostgresStore

    url = await database.server().create("doctor")
    durable, empty = await postgresql(at(url), SystemClock(), 5.0)
    assert (durable.value, empty.value) == ("ok", "ok")
    assert "fsync on" in durable.seen
    assert "no tables yet" in empty.seen
    await (await PostgresStore.open(url, SystemClock())).close()
    _, there = await postgresql(at(url), SystemClock(), 5.0)
    assert there.seen.startswith("schema ")


async def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    (found,) = await postgresql(at("postgresql://u:CANARY-pw@127.0.0.1:9/mail"), SystemClock(), 1.0)
    assert found.value == "fail"
    assert "CANARY" not in found.seen + found.subject + found.advice
