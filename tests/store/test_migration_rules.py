"""What a migration must say and may do, so that the version before it and the one that brings it run side by side."""

import re

import pytest

from posthouse.store.sql import compatible_since, migrations
from posthouse.store.sql import queries as queries_of
from tests.store.test_postgres_opening import STEPS

MIGRATIONS = migrations("posthouse.store.postgres")

FIRST = next(number for number, sql in MIGRATIONS if "CREATE TABLE audit" in sql)
"""From here on each says which version can run on it."""

NAME = r"(?P<table>\w+)"


def statements(sql: str) -> list[str]:
    """Each statement on one line, without comments; the body of a function stays in one piece."""
    bare = re.sub(r"--[^\n]*", "", sql)
    parts = re.split(r";(?=(?:[^$]*\$\$[^$]*\$\$)*[^$]*$)", bare)
    return [" ".join(part.split()) for part in parts if part.strip()]


def against(number: int, sql: str) -> list[str]:
    """What is wrong with a migration, each as a sentence; none where it keeps to docs/upgrading.md."""
    if "-- compatible-since:" not in sql:
        return [f"{number} does not say `-- compatible-since:`"]
    since = compatible_since(number, sql)
    if since > number:
        return [f"{number} is compatible only with what comes after it"]
    if since == number:
        return []
    fresh = set(re.findall(r"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+)", sql))
    return [f"{number} is not only an addition: {each}" for each in statements(sql) if not adds(each, fresh)]


def adds(statement: str, fresh: set[str]) -> bool:
    """Whether older code does not notice the statement, and nobody waits long for it."""
    if re.match(r"CREATE ((UNLOGGED )?TABLE|FUNCTION) ", statement):
        return True
    if (found := re.match(rf"(INSERT INTO|ALTER TABLE) {NAME}\b", statement)) and found["table"] in fresh:
        return True
    if found := re.match(rf"CREATE (UNIQUE )?INDEX (?P<there>IF NOT EXISTS )?\w+ ON {NAME}\b", statement):
        # On a table that is there it was made beforehand, CONCURRENTLY; a unique one would refuse what older code does.
        return found["table"] in fresh or (found["there"] is not None and found[1] is None)
    if found := re.match(rf"ALTER TABLE {NAME} (?P<rest>.*)", statement):
        return all(_harmless(column) for column in re.split(r",(?![^(]*\))\s*", found["rest"]))
    return False


def _harmless(column: str) -> bool:
    """A new column that code which does not know it need not fill, and that is added without rewriting the table."""
    if not re.match(r"ADD COLUMN (IF NOT EXISTS )?\w+ ", column):
        return False
    heavy = re.search(r"\b(GENERATED|CHECK|REFERENCES|UNIQUE|PRIMARY KEY|random|now|clock_timestamp)\b", column)
    return not heavy and ("NOT NULL" not in column or "DEFAULT" in column)


@pytest.mark.parametrize("number", range(FIRST, STEPS + 1))
def test_every_migration_says_who_can_run_on_it_and_keeps_to_it(number: int) -> None:
    assert against(*MIGRATIONS[number - 1]) == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE messages ADD COLUMN colour text",
        "ALTER TABLE messages ADD COLUMN a text NOT NULL DEFAULT 'red', ADD COLUMN IF NOT EXISTS b numeric(3, 1)",
        "CREATE TABLE more (a text PRIMARY KEY); CREATE UNIQUE INDEX more_a ON more (a); INSERT INTO more VALUES ('x')",
        "CREATE INDEX IF NOT EXISTS messages_colour ON messages (pool)",
        "CREATE UNLOGGED TABLE more (a text); CREATE INDEX more_a ON more (a)",
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$",
    ],
)
def test_what_only_adds_is_let_pass(sql: str) -> None:
    assert against(9, f"-- compatible-since: 8\n{sql};") == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE messages ADD COLUMN colour text NOT NULL",
        "ALTER TABLE messages ADD COLUMN colour text GENERATED ALWAYS AS (status) STORED",
        "ALTER TABLE messages ADD COLUMN colour text, DROP COLUMN owed",
        "ALTER TABLE messages ALTER COLUMN size TYPE numeric",
        "ALTER TABLE messages RENAME COLUMN size TO bytes",
        "ALTER TABLE messages ADD CHECK (size > 0)",
        "CREATE INDEX messages_colour ON messages (pool)",
        "CREATE UNIQUE INDEX IF NOT EXISTS messages_colour ON messages (pool)",
        "DROP TABLE nodes",
        "UPDATE messages SET lane = 1",
        "DELETE FROM events",
        "CREATE TABLE more (a text); DROP INDEX messages_due",
        "CREATE OR REPLACE FUNCTION database_time() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$",
    ],
)
def test_what_older_code_would_notice_is_not(sql: str) -> None:
    assert against(9, f"-- compatible-since: 8\n{sql};") != []
    assert against(9, f"-- compatible-since: itself\n{sql};") == [], (
        "it may do so, where the old ones are stopped first"
    )


def test_what_says_nothing_is_not_let_pass() -> None:
    assert against(9, "CREATE TABLE more (a text)") == ["9 does not say `-- compatible-since:`"]
    assert against(9, "-- compatible-since: 10\nCREATE TABLE more (a text)") != []


def test_no_query_relies_on_how_many_columns_a_table_has() -> None:
    """A column that is added must not change what an older version reads or writes."""
    for name, text in queries_of("posthouse.store.postgres").items():
        tables = re.findall(r"SELECT \*\s+FROM (\w+)", text)
        assert set(tables) <= {"unnest"}, name
        assert not re.search(r"INSERT INTO \w+\s+(SELECT|VALUES)", text), name
