"""Which index each query uses, and that its cost does not grow with what it does not ask for."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw
import apsw.ext
import pytest

from bench import pile
from posthouse.clock import SystemClock
from posthouse.mail.ident import earliest
from posthouse.store.sqlite import file, paging
from posthouse.store.sqlite.statement import SQL, _text
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Portion, Query
from tests.store.letters import LEASE_S, NOW, OTHER_POOL, POOL, letter, wanted

TABLES = (
    *("messages", "contents", "attempts", "events", "idempotency"),
    *("switches", "suppressions", "provider_ids", "provider_ids_entered"),
    *("audit", "restores", "in_doubt"),
)

BY_ID = "messages: PRIMARY KEY (id=?)"

UNFINISHED = [
    "SCAN messages USING COVERING INDEX messages_due",
    "messages: COVERING INDEX messages_leased (lease_until>?)",
]

PLANS = {
    "abandon_leases": ["messages: INDEX messages_leased (lease_until>?)"],
    "accepted": ["messages: PRIMARY KEY (id>?)"],
    "attempts": ["attempts: PRIMARY KEY (message=?)"],
    "backlog": ["SCAN messages USING INDEX messages_due", "messages: INDEX messages_leased (lease_until>?)"],
    "call_off": [BY_ID],
    "cancel": [BY_ID],
    "changes": ["audit: INTEGER PRIMARY KEY (rowid<?)"],
    "close_attempt": ["attempts: PRIMARY KEY (message=? AND number=?)"],
    "content": [BY_ID, "contents: INDEX sqlite_autoindex_contents_1 (id=?) LEFT-JOIN"],
    "doubt_attempts": ["attempts: PRIMARY KEY (message=?)", *UNFINISHED],
    "doubt_events": [BY_ID, *UNFINISHED],
    "doubtful": ["SCAN in_doubt", BY_ID],
    "doubts": ["SCAN in_doubt", BY_ID],
    "due": [
        "messages: COVERING INDEX messages_due (lane=?)",
        "messages: COVERING INDEX messages_due (lane=? AND pool>?)",
        "messages: COVERING INDEX messages_due (lane=? AND pool=? AND due_at<?)",
        "messages: COVERING INDEX messages_due (lane=? AND pool=? AND due_at>? AND due_at<?)",
    ],
    "due_of_one": ["messages: INDEX messages_due (lane=? AND pool=? AND due_at<?)"],
    "edge": ["messages: PRIMARY KEY (id>? AND id<?)"],
    "edge_of_ended": ["messages: COVERING INDEX messages_ended (ended=? AND id>? AND id<?)"],
    "edge_of_pool": ["messages: COVERING INDEX messages_pool (pool=? AND id>? AND id<?)"],
    "enter_provider_ids": ["events: INTEGER PRIMARY KEY (rowid>? AND rowid<?)", BY_ID],
    "entered": ["SCAN provider_ids_entered", "events: "],
    "events": ["events: INDEX events_message (message=?)"],
    "evidence": ["attempts: PRIMARY KEY (message=? AND number=?)"],
    "find": [BY_ID],
    "find_key": ["idempotency: PRIMARY KEY (pool=? AND key=?)"],
    "finish": [BY_ID],
    "held": [BY_ID],
    "hold_unfinished": [BY_ID, *UNFINISHED],
    "intend": [BY_ID],
    "lanes": ["messages: COVERING INDEX messages_due (lane=?)"] * 4,
    "lapsed": ["messages: INDEX messages_leased (lease_until<?)"],
    "last_restore": ["SCAN restores"],
    "lease": [BY_ID],
    "leased": [BY_ID, "contents: INDEX sqlite_autoindex_contents_1 (id=?)"],
    "let_go": [BY_ID, "in_doubt: PRIMARY KEY (id=?)"],
    "mark": ["SCAN restores"],
    "mark_ended": [BY_ID],
    "newest_suppression": ["suppressions: COVERING INDEX suppressions_number (pool=?)"],
    "observations": ["attempts: INDEX attempts_started (started_at>?)"],
    "oldest": [
        "messages: COVERING INDEX messages_due (lane=? AND pool>?)",
        "messages: COVERING INDEX messages_due (lane=? AND pool=? AND due_at>?)",
    ],
    "oldest_of_lanes": [
        "messages: COVERING INDEX messages_due (lane=? AND pool>?)",
        *["messages: COVERING INDEX messages_due (lane=? AND pool=? AND due_at>?)"] * 2,
    ],
    "opened": ["attempts: PRIMARY KEY (message=? AND number=?)"],
    "overdue": ["messages: INDEX messages_ending (<expr><?)"],
    "page": ["messages: PRIMARY KEY (id>? AND id<?)"],
    "page_of_ended": ["messages: INDEX messages_ended (ended=? AND id>? AND id<?)"],
    "page_of_pool": ["messages: INDEX messages_pool (pool=? AND id>? AND id<?)"],
    "page_of_unfinished": [
        BY_ID,
        "SCAN messages USING COVERING INDEX messages_due",
        "messages: COVERING INDEX messages_leased (lease_until>?)",
    ],
    "postpone": [BY_ID],
    "record": [BY_ID],
    "renew": [BY_ID],
    "retire_attempts": ["attempts: PRIMARY KEY (message=?)"],
    "retire_changes": ["audit: INTEGER PRIMARY KEY (rowid=?)", "audit: COVERING INDEX audit_at (at<?)"],
    "retire_contents": [
        "contents: COVERING INDEX sqlite_autoindex_contents_1 (id=?)",
        "contents: COVERING INDEX sqlite_autoindex_contents_1 (id<?)",
        "in_doubt: PRIMARY KEY (id=?)",
        BY_ID,
    ],
    "retire_entered": ["SCAN provider_ids_entered", "events: "],
    "retire_events": ["events: INDEX events_message (message=?)"],
    "retire_keys": [
        "idempotency: PRIMARY KEY (pool=? AND key=?)",
        "idempotency: COVERING INDEX idempotency_forget (forget_at<?)",
    ],
    "retire_provider_ids": ["provider_ids: PRIMARY KEY (provider_message_id=? AND message=?)"],
    "retire_records": [BY_ID, "messages: PRIMARY KEY (id<?)", "in_doubt: PRIMARY KEY (id=?)"],
    "set_aside": [BY_ID, *UNFINISHED],
    "set_entered": ["SCAN provider_ids_entered"],
    "settle_doubt": ["in_doubt: PRIMARY KEY (id=?)"],
    "spent": ["attempts: INDEX attempts_started (started_at>?)"],
    "status": [BY_ID],
    "summaries": [BY_ID],
    "suppressed": ["suppressions: COVERING INDEX sqlite_autoindex_suppressions_1 (pool=? AND address=?)"],
    "suppressed_since": ["suppressions: INDEX suppressions_number (pool=? AND number>?)"],
    "suppression": ["suppressions: INDEX sqlite_autoindex_suppressions_1 (pool=? AND address=?)"],
    "suppressions": ["suppressions: INDEX sqlite_autoindex_suppressions_1 (pool=? AND address>?)"],
    "switches": ["SCAN switches"],
    "tell": [BY_ID],
    "told_by_id": [BY_ID],
    "told_by_provider_id": [
        "provider_ids: PRIMARY KEY (provider_message_id=?)",
        BY_ID,
        "attempts: EXISTS USING PRIMARY KEY (message=?)",
    ],
    "unfinished": [
        "SCAN messages USING COVERING INDEX messages_due",
        "messages: COVERING INDEX messages_leased (lease_until>?)",
    ],
    "unmark": ["SCAN restores"],
    "unsuppress": ["suppressions: COVERING INDEX sqlite_autoindex_suppressions_1 (pool=? AND address=?)"],
}
"""How each query reaches the tables, in the order of its plan; those that are left out only insert.

A partial index is walked as a whole where each of its entries is wanted, and a table of a few rows as it is.
"""

MANY = 20_000
BACKLOG = 12_000
SENT = 6_000

FILL = f"""
CREATE TEMP TABLE numbers AS
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT {MANY}) SELECT n FROM numbers;

INSERT INTO messages (id, pool, status, lane, due_at, lease_until, accepted_at, give_up_at, attempts, needs, size,
                      recipients, summary)
SELECT printf('%08x-0000-7000-8000-000000000000', n), iif(n < {BACKLOG}, '{OTHER_POOL}', '{POOL}'),
       iif(n BETWEEN {BACKLOG} AND {BACKLOG + SENT - 1}, 'sent', 'queued'), 1,
       iif(n < {BACKLOG} OR n >= {BACKLOG + SENT} AND n % 2, {NOW} + n, NULL),
       iif(n >= {BACKLOG + SENT} AND n % 2 = 0, {NOW} + n, NULL),
       {NOW} + n, {NOW} + n + 86400, 1, 0, 2000, 1, '{{"sender":"","recipients":["ann@example.org"],"subject":""}}'
FROM numbers;

INSERT INTO contents SELECT id, zeroblob(100) FROM messages;

INSERT INTO attempts (message, number, pool, provider, fence, started_at, finished_at, outcome)
SELECT id, 1, pool, 'first', 1, accepted_at, accepted_at + 1, 'accepted' FROM messages WHERE status = 'sent';

INSERT INTO events (message, at, type) SELECT id, accepted_at, 'accepted' FROM messages;

INSERT INTO idempotency SELECT pool, id, x'00', id, 'queued', accepted_at FROM messages;
"""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    """20,000 messages: 12,000 wait in one pool; of the other one 6,000 are sent, 1,000 held and 1,000 wait."""
    with closing(file.connect(tmp_path_factory.mktemp("plans") / "posthouse.db")) as db:
        db.execute(f"BEGIN; {FILL} COMMIT;")
        yield db


def text(query: str) -> str:
    return _text(query, 16) if "\nVALUES " in SQL[query] else SQL[query]


def plan(db: apsw.Connection, query: str) -> list[str]:
    """How the query reaches the tables. A walk over a whole table says `SCAN`."""
    count = apsw.ext.query_info(db, text(query)).bindings_count
    steps = [str(row[3]) for row in db.execute(text(query), [None] * count, explain=2)]
    reached = []
    for step in steps:
        how, _, rest = step.partition(" ")
        table, _, using = rest.partition(" ")
        if table in TABLES:
            reached.append(f"{table}: {using.removeprefix('USING ')}" if how == "SEARCH" else step)
    return reached


def cost(db: apsw.Connection, query: str, bindings: Any) -> int:
    """The steps of SQLite's machine that the query took."""
    with counted(db) as seen:
        db.execute(text(query), bindings).fetchall()
    return sum(seen)


@contextmanager
def counted(db: apsw.Connection) -> Iterator[list[int]]:
    """The steps of each statement that is run meanwhile."""
    seen: list[int] = []

    def finished(event: dict[str, Any]) -> None:
        seen.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    db.trace_v2(apsw.SQLITE_TRACE_PROFILE, finished)
    yield seen
    db.trace_v2(0)


@pytest.mark.parametrize("query", sorted(SQL))
def test_every_query_reaches_the_tables_by_an_index(db: apsw.Connection, query: str) -> None:
    assert plan(db, query) == PLANS.get(query, [])


def test_a_walk_over_a_whole_table_would_be_seen(db: apsw.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SQL, "walk", "SELECT id FROM messages WHERE status = ?")
    assert plan(db, "walk") == ["SCAN messages"]
    assert cost(db, "walk", ["held"]) > MANY


def test_a_claim_steps_over_a_full_pool_whatever_waits_in_it(db: apsw.Connection) -> None:
    far, full = NOW + 2 * MANY, [OTHER_POOL, 0, 256]
    # The steps of all runs of one statement are counted together.
    assert cost(db, "due", (1, far, json.dumps([full]), 1)) < 1000
    assert cost(db, "due", (1, far, json.dumps([full, [POOL, 0, 0]]), 256)) < 2000
    assert cost(db, "due", (1, far, json.dumps([[OTHER_POOL, 2, 0], [POOL, 2, 0]]), 256)) < 4000
    assert cost(db, "due", (1, far, "[]", 1)) < 5000
    assert cost(db, "due", (1, far, json.dumps([full]), 256)) < 5000 + 256 * 220


def test_what_is_not_asked_for_costs_nothing(db: apsw.Connection) -> None:
    late, everything = NOW + 2 * MANY, {"first": "", "before": "~", "limit": 20}
    filters = dict.fromkeys(("pool", "status", "provider", "since", "until", "tag", "tag_text", "to", "to_text"))
    page = {**filters, **everything}
    assert cost(db, "oldest", ()) < 500
    assert cost(db, "lapsed", (NOW, 200)) < 100
    assert cost(db, "overdue", (NOW - 1, 200)) < 100
    assert cost(db, "observations", (late,)) < 100
    assert cost(db, "page", page) < 20 * 60
    assert cost(db, "page", {**page, "before": earliest(0)}) < 100
    assert cost(db, "page_of_pool", {**page, "pool": POOL}) < 20 * 60
    assert cost(db, "page_of_pool", {**page, "pool": "nobody.example"}) < 100
    assert cost(db, "retire_contents", ("", 200)) < 100
    assert cost(db, "retire_records", ("", 200)) < 100
    assert cost(db, "retire_keys", (NOW, 200)) < 100
    assert cost(db, "lapsed", (NOW + BACKLOG + SENT + LEASE_S, 200)) < 50 * 60


def test_a_bounded_page_costs_no_more_than_its_bound(db: apsw.Connection) -> None:
    """However many messages there are and however few of them pass the filters."""
    filters: list[dict[str, Any]] = [
        {"status": "delivered"},
        {"status": "failed"},
        {"status": "held", "pool": "nobody.example"},
        {"provider": "none"},
        {"tag": "none"},
        {"to": "nobody@example.org"},
        {"tag": "sender"},
    ]
    for which in filters:
        for pool in (None, POOL):
            query = Query(limit=100, scan=500, **{"pool": pool, **which})
            with counted(db) as seen:
                page = paging.page(db, query)
            assert page.records == ()
            assert sum(seen) < 500 * 60, query


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_with_a_million_waiting_and_a_million_sent_plans_stay_and_claims_are_quick(tmp_path: Path) -> None:
    path = tmp_path / "posthouse.db"
    pile.sqlite(path, 1_000_000, 1_000_000, NOW)
    with closing(file.connect(path)) as db:
        assert {query: plan(db, query) for query in SQL if plan(db, query)} == {q: p for q, p in PLANS.items() if p}
    store, took = SqliteStore(path), []
    for number in range(200):
        portions = [Portion(pile.BIG, 64 * (number % 2), held=200)]
        began = SystemClock.monotonic()
        assert len(await store.claim(wanted(NOW, limit=64, portions=portions))) == 64 * (number % 2)
        took.append(SystemClock.monotonic() - began)
    await store.add([letter()])
    fresh = await store.claim(wanted(NOW, limit=1, portions=[Portion(pile.BIG, 1, held=200)]))
    assert [claim.job.id for claim in fresh] == [letter().id]
    await store.close()
    assert sorted(took)[197] < 0.02, sorted(took)
