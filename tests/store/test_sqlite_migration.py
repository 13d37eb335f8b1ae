"""A file that an earlier version wrote opens, and everything in it goes on from where it was."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from posthouse.mail.event import STATUSES, UNFINISHED, Status
from posthouse.routing.rules import START
from posthouse.routing.switch import ON
from posthouse.store import rows
from posthouse.store.sql import migrations
from posthouse.store.sqlite import file
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Opened, Query, Suppression, Switching, Told
from tests.store.letters import LEASE_S, NOW, PLAIN, POOL, delay, ids, intent, letter, result, wanted

OLD = {status: letter(number) for number, status in enumerate(STATUSES)}
CLAIMED = letter(50)

MESSAGE = """
INSERT INTO messages (id, pool, status, lane, due_at, lease_until, fence, attempts, provider, provider_message_id,
                      accepted_at, give_up_at, needs, size, recipients, summary)
VALUES (?, ?, ?, 1, ?, ?, 1, ?, ?, ?, ?, ?, 0, 500, 1, ?)
"""
ATTEMPT = """
INSERT INTO attempts (message, number, pool, provider, fence, started_at, finished_at, outcome, health)
VALUES (?, 1, ?, 'first', 1, ?, ?, ?, 1)
"""
EVENT = "INSERT INTO events (message, at, type) VALUES (?, ?, ?)"


def write(db: apsw.Connection, entry: Any, status: Status, lease_until: float | None) -> None:
    begun = status not in ("queued", "scheduled", "cancelled", "expired", "suppressed")
    due_at = None
    if status in UNFINISHED and lease_until is None:
        due_at = NOW + 3600 if status == "scheduled" else NOW
    carried = f"old-{status}" if status in ("sent", "delivered", "bounced", "complained") else None
    summary = rows.message_row(entry)[13]
    provider = "first" if begun else None
    state = (due_at, lease_until, int(begun), provider, carried, entry.accepted_at, entry.give_up_at, summary)
    db.execute(MESSAGE, (entry.id, POOL, status, *state))
    db.execute("INSERT INTO contents VALUES (?, ?)", (entry.id, entry.content))
    db.execute(EVENT, (entry.id, NOW, "accepted"))
    if begun:
        ended = (None, None) if status == "sending" else (NOW + 1, "accepted")
        db.execute(ATTEMPT, (entry.id, POOL, NOW, *ended))
    if carried:
        db.execute(EVENT, (entry.id, NOW + 1, "sent"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as the first version wrote it, with a message in every state there is, and one that was only claimed."""
    found = tmp_path / "posthouse.db"
    number, sql = migrations("posthouse.store.sqlite")[0]
    with closing(apsw.Connection(str(found))) as db:
        db.pragma("page_size", file.PAGE_BYTES)
        db.pragma("journal_mode", "wal")
        db.execute("BEGIN")
        db.execute(sql).fetchall()
        db.pragma("user_version", number)
        db.pragma("application_id", file.APPLICATION_ID)
        for status, entry in OLD.items():
            write(db, entry, status, NOW + LEASE_S if status == "sending" else None)
        write(db, CLAIMED, "queued", NOW + LEASE_S)
        db.execute("COMMIT")
    return found


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    await opened.close()


async def test_every_message_is_there_in_its_state(store: SqliteStore) -> None:
    for status, entry in OLD.items():
        stored = await store.content(entry.id, POOL)
        assert stored is not None
        assert (stored.message, stored.record.status, stored.record.resent_from) == (PLAIN, status, None)
        assert stored.record.summary == entry.summary


@pytest.mark.parametrize("status", STATUSES)
async def test_each_state_lists_its_messages(store: SqliteStore, status: Status) -> None:
    expected = [OLD[status].id] if status != "queued" else [CLAIMED.id, OLD["queued"].id]
    assert await ids(store, Query(status=status)) == expected
    assert await ids(store, Query(status=status, pool=POOL, scan=100)) == expected


async def test_what_waited_is_claimed_sent_and_told_of(store: SqliteStore) -> None:
    claims = await store.claim(wanted(NOW + 3600))
    assert {claim.job.id for claim in claims} == {OLD["queued"].id, OLD["scheduled"].id}
    assert all(claim.job.course == START and claim.message == PLAIN for claim in claims)
    assert await store.intend([intent(claim) for claim in claims]) == [True, True]
    assert await store.record([result(claim, provider_message_id=claim.job.id[-4:]) for claim in claims]) == [True] * 2
    news = [Told(POOL, "first", "delivered", NOW, claim.job.id) for claim in claims]
    assert await store.told(news) == ["delivered", "delivered"]


async def test_what_was_under_way_is_taken_up_with_its_open_attempt(store: SqliteStore) -> None:
    swept = {claim.job.id: claim for claim in await store.sweep(wanted())}
    assert {id_: claim.opened for id_, claim in swept.items()} == {
        OLD["sending"].id: Opened(1, "first", NOW),
        CLAIMED.id: None,
    }
    assert await store.postpone([delay(swept[CLAIMED.id], NOW)]) == [True]
    assert await store.record([result(swept[OLD["sending"].id], "unsure", "held", number=1)]) == [True]


async def test_what_was_over_hears_news_by_either_id(store: SqliteStore) -> None:
    told = [
        Told(POOL, "first", "delivered", NOW, OLD["held"].id),
        Told(POOL, "first", "bounced", NOW, provider_message_id="old-sent"),
        Told(POOL, "first", "delivered", NOW, OLD["failed"].id),
    ]
    assert await store.told(told) == ["delivered", "bounced", "failed"]


async def test_what_is_new_in_it_works(store: SqliteStore) -> None:
    assert await store.switch([Switching(POOL, "first", ON)]) == [ON]
    assert await store.suppress([Suppression(POOL, "ann@example.org", "bounced", "provider", NOW)]) == [True]
    [claim] = await store.claim(wanted())
    assert claim.suppressed == ("ann@example.org",)
    assert await store.switches() == {POOL: {"first": ON}}


async def test_what_was_over_is_forgotten_in_its_time(store: SqliteStore) -> None:
    while await store.retire(NOW + 10, NOW + 10, 3):
        pass
    assert set(await ids(store)) == {CLAIMED.id, *(OLD[status].id for status in UNFINISHED)}


async def test_a_file_is_brought_up_to_date_once(path: Path) -> None:
    for _ in range(2):
        await SqliteStore(path).close()
    with closing(apsw.Connection(str(path))) as db:
        assert db.pragma("user_version") == len(migrations("posthouse.store.sqlite"))
        assert db.pragma("integrity_check") == "ok"


def test_every_end_that_has_an_index_is_a_status_that_ends() -> None:
    assert set(STATUSES) - UNFINISHED > rows.ENDED
