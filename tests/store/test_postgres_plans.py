"""How PostgreSQL reaches the tables: by an index, however many messages lie there; and the time that takes."""

import json
import re
from typing import Any

import asyncpg
import pytest

from posthouse.clock import SystemClock
from posthouse.store.postgres.statement import SQL
from posthouse.store.postgres.store import PostgresStore
from tests.store import database
from tests.store.letters import NOW, OTHER_POOL, POOL, letter, wanted

SMALL = {
    "nodes",
    "switches",
    "lessons",
    "probes",
    "audit",
    "restores",
    "in_doubt",
    "pg_authid",
    "pg_database",
    "contents_rest",
    "attempts_rest",
    "events_rest",
    "pg_inherits",
    "pg_class",
}
"""Tables of a few rows, or of none, which are read as they are."""

MOST = {
    "backlog",
    *("doubt_attempts", "doubt_events", "hold_unfinished", "set_aside"),
    "lanes",
    "observations",
    "page_of_unfinished",
    "retire_keys",
    "spent",
    "suppressed_since",
    "unfinished",
    "unfinished_within",
}
"""Queries that ask for so much of these tables that to walk over them may be quicker; our sessions never do."""

FILL = f"""
INSERT INTO messages (id, pool, status, lane, due_at, lease_until, accepted_at, give_up_at, attempts, needs, size,
                      recipients, summary, provider_message_id)
SELECT lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000',
       CASE WHEN n % 10 < 6 THEN '{OTHER_POOL}' ELSE '{POOL}' END,
       CASE WHEN n % 10 BETWEEN 6 AND 8 THEN 'sent' ELSE 'queued' END, 1,
       CASE WHEN n % 10 < 6 OR n % 100 = 9 THEN {NOW} + n END,
       CASE WHEN n % 10 = 9 AND n % 100 <> 9 THEN {NOW} + n END,
       {NOW} + n, {NOW} + n + 86400, 1, 0, 2000, 1, '{{"sender":"","recipients":["ann@example.org"],"subject":""}}',
       CASE WHEN n % 10 BETWEEN 6 AND 8 THEN 'x' || n END
FROM generate_series(0, $1::integer - 1) AS numbers (n)
"""
REST = f"""
INSERT INTO contents SELECT id, '\\x80' FROM messages;
INSERT INTO attempts (message, number, pool, provider, fence, started_at, finished_at, outcome)
SELECT id, 1, pool, 'first', 1, accepted_at, accepted_at + 1, 'accepted' FROM messages WHERE status = 'sent';
INSERT INTO events (message, at, type) SELECT id, accepted_at, 'accepted' FROM messages;
INSERT INTO idempotency SELECT pool, id, '\\x00', id, 'queued', accepted_at, accepted_at + 86400 FROM messages;
INSERT INTO suppressions (pool, address, reason, source, at)
SELECT '{POOL}', id || '@example.org', 'bounced', 'provider', accepted_at FROM messages LIMIT 20000;
"""


async def filled(count: int, *, counted: bool = True) -> asyncpg.Connection:
    """A connection to a database with so many messages: 60 % wait in one pool, of the other one most are sent.

    counted: whether PostgreSQL knows what lies there, as it does some time after it was written.
    """
    url = await database.server().create("plans")
    await (await PostgresStore.open(url)).close()
    connection = await asyncpg.connect(url)
    await connection.execute(FILL, count)
    await connection.execute(REST)
    if counted:
        await connection.execute("ANALYZE")
    return connection


async def plan(db: asyncpg.Connection, query: str, how: str) -> list[str]:
    """The tables that the query would walk over from end to end, where it is planned so."""
    await db.execute(f"SET plan_cache_mode = {how}")
    statement = await db.prepare(SQL[query])
    values = ", ".join(VALUES.get((query, n)) or value(p.name) for n, p in enumerate(statement.get_parameters(), 1))
    types = ", ".join(p.name for p in statement.get_parameters())
    await db.execute(f"PREPARE asked{f'({types})' if types else ''} AS {SQL[query]}")
    rows = await db.fetch(f"EXPLAIN (FORMAT json) EXECUTE asked{f'({values})' if values else ''}")
    await db.execute("DEALLOCATE asked")
    return walked(json.loads(rows[0][0])[0]["Plan"])


VALUES = {("edge", 3): "500", ("edge_of_pool", 3): "500", ("edge_of_ended", 3): "500"}
"""Values for parameters of queries where those below do not do."""


def value(type_: str) -> str:
    if type_.endswith("[]"):
        return f"ARRAY[{value(type_[:-2])}]::{type_}"
    known = {"text": f"'{POOL}'", "float8": str(NOW + 10), "bool": "false", "bytea": "'\\x00'", "jsonb": f"'{[1] * 9}'"}
    return known.get(re.sub(r"^double precision$", "float8", type_), "1")


def walked(node: dict[str, Any]) -> list[str]:
    here = [node["Relation Name"]] if node["Node Type"] == "Seq Scan" else []
    return here + [table for below in node.get("Plans", []) for table in walked(below)]


@pytest.mark.parametrize("how", ["force_generic_plan", "force_custom_plan"])
async def test_no_query_walks_over_a_table(how: str) -> None:
    db = await filled(20_000)
    assert {query: t for query in sorted(SQL.keys() - MOST) if set(t := await plan(db, query, how)) - SMALL} == {}
    await db.execute("SET enable_seqscan = off")  # as in our sessions
    assert {query: t for query in sorted(SQL) if set(t := await plan(db, query, how)) - SMALL} == {}
    await db.close()


@pytest.mark.parametrize("query", ["retire_contents ('', '0', 200)", "retire_records ('0', 200)"])
async def test_where_nothing_is_old_nothing_is_read_also_before_the_rows_were_counted(query: str) -> None:
    db = await filled(20_000, counted=False)
    # What PostgreSQL guesses of tables that nobody has counted depends on their size.
    await db.execute("UPDATE contents SET content = decode(repeat('80', 1300), 'hex')")
    await db.execute("SET enable_seqscan = off")
    name, given = query.split(" ", 1)
    await db.execute(f"PREPARE {name} AS {SQL[name]}")
    rows = await db.fetch(f"EXPLAIN (ANALYZE, FORMAT json) EXECUTE {name} {given}")
    assert read(json.loads(rows[0][0])[0]["Plan"]) == 0
    await db.close()


def read(node: dict[str, Any]) -> int:
    """How many rows of tables and indexes were looked at."""
    here = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Relation Name" in node else 0
    return int(here * node["Actual Loops"]) + sum(map(read, node.get("Plans", [])))


async def test_leases_are_looked_up_by_id_also_where_there_were_none_when_the_rows_were_counted() -> None:
    db = await filled(2_000)
    await db.execute("UPDATE messages SET lease_until = NULL, status = 'sent' WHERE lease_until IS NOT NULL")
    await db.execute("VACUUM ANALYZE messages")
    await db.execute("SET enable_seqscan = off")
    await db.execute(f"PREPARE held (jsonb[]) AS {SQL['held']}")
    rows = await db.fetch("""EXPLAIN EXECUTE held (ARRAY['[1, "a", 1]'::jsonb])""")
    used = "\n".join(row[0] for row in rows)
    assert "messages_pkey" in used
    assert "messages_leased" not in used
    await db.close()


async def test_a_walk_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    db = await filled(2_000)
    monkeypatch.setitem(SQL, "walk", "SELECT id FROM messages WHERE summary = $1")
    assert await plan(db, "walk", "force_generic_plan") == ["messages"]
    await db.close()


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_with_a_million_messages_claims_stay_quick_and_no_query_walks() -> None:
    db = await filled(1_000_000)
    await db.execute("SET enable_seqscan = off")
    for how in ("force_generic_plan", "force_custom_plan"):
        assert {query: t for query in sorted(SQL) if set(t := await plan(db, query, how)) - SMALL} == {}
    await db.close()
    store = await PostgresStore.open(database.server().url("plans"))
    took = []
    for number in range(200):
        full = [OTHER_POOL] if number % 2 else []
        began = SystemClock.monotonic()
        assert len(await store.claim(wanted(NOW + 2_000_000, limit=64, full=full))) == 64
        took.append(SystemClock.monotonic() - began)
    fresh = letter(1, pool="example.edu")
    await store.add([fresh])
    claims = await store.claim(wanted(NOW + 2_000_000, limit=64, full=[OTHER_POOL, POOL]))
    await store.close()
    assert [claim.job.id for claim in claims] == [fresh.id]
    assert sorted(took)[197] < 0.05, sorted(took)
