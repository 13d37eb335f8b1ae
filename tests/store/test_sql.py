import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from posthouse.store import sql

DIALECTS = ["posthouse.store.sqlite", "posthouse.store.postgres"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty package on the path, of a name of its own; it is the folder's name."""
    folder = tmp_path / f"dialect_{abs(hash(request.node.nodeid))}"
    (folder / "migrations").mkdir(parents=True)
    (folder / "queries").mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    sys.modules.pop(folder.name, None)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_query_is_one_statement_with_a_text(dialect: str) -> None:
    for name, text in sql.queries(dialect).items():
        assert text, name
        assert ";" not in text, name


@pytest.mark.parametrize("dialect", DIALECTS)
def test_migrations_are_numbered_from_one(dialect: str) -> None:
    steps = sql.migrations(dialect)
    assert [number for number, _ in steps] == list(range(1, len(steps) + 1))


def test_the_dialects_have_the_same_queries_but_for_those_that_only_one_needs() -> None:
    sqlite, postgres = (sql.queries(dialect).keys() for dialect in DIALECTS)
    assert postgres - sqlite == {
        *("bind_pools", "own_pools", "recorded", "beat", "live", "leave", "end_stuck", "remembered"),
        *("partitions", "rotate_alone", "unfinished_within", "known_within"),
        *("add_lessons", "lessons", "retire_lessons", "take_probe"),
    }
    assert sqlite - postgres == {
        *("add_content", "leased", "abandon_leases", "due_of_one", "mark_ended", "mark", "unmark"),
        "newest_suppression",
        *("enter_provider_ids", "entered", "set_entered", "retire_entered", "retire_provider_ids"),
    }


def test_queries_are_named_by_their_files(package: Path) -> None:
    (package / "queries" / "find.sql").write_text("SELECT 1\n", "utf-8")
    (package / "queries" / "readme.txt").write_text("not a query", "utf-8")
    assert sql.queries(package.name) == {"find": "SELECT 1"}


def test_migrations_come_in_order_and_without_what_is_not_one(package: Path) -> None:
    for name in ("002_b.sql", "001_a.sql", "notes.md", "003.sql", "3_c.sql"):
        (package / "migrations" / name).write_text(name, "utf-8")
    assert sql.migrations(package.name) == [(1, "001_a.sql"), (2, "002_b.sql")]


@pytest.mark.parametrize("names", [("002_b.sql",), ("001_a.sql", "003_c.sql"), ("001_a.sql", "001_b.sql")])
def test_a_gap_in_the_migrations_is_refused(package: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (package / "migrations" / name).touch()
    with pytest.raises(ValueError, match="not numbered"):
        sql.migrations(package.name)
