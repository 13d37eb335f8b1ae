"""Puts a million messages, and more, into a store at once: by SQL, past Posthouse.

`queued` wait in the pool BIG, due since some minutes; `finished` were sent by it in the last six days. Each has a
content, and what delivery would have left of it: two events and an attempt for the finished, one event for the queued.
"""

from pathlib import Path
from typing import Final

import asyncpg

from posthouse.mail.message import Address, Message
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sqlite.file import connect
from posthouse.store.values import pack

BIG: Final = "big.example"
SMALL: Final = "small.example"

LETTER: Final = Message(
    Address(f"post@{BIG}"), to=(Address("ann@example.org"),), subject="Your receipt", text="Hello, Ann. " * 100
)
SUMMARY: Final = '{"sender":"post@big.example","recipients":["ann@example.org"],"subject":"Your receipt"}'
DAY_S: Final = 86_400.0
PIECE: Final = 50_000
"""Messages in one transaction."""

COLUMNS: Final = """id, pool, status, lane, due_at, fence, attempts, course, provider, provider_message_id, accepted_at,
                     give_up_at, needs, size, recipients, summary"""

SQLITE: Final = f"""
CREATE TEMP TABLE IF NOT EXISTS piece (id TEXT, at REAL);
DELETE FROM piece;
INSERT INTO piece
WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :end),
     times (n, at) AS (SELECT n, :began + n * :apart_s FROM numbers)
SELECT printf('%08x-%04x-7%03x-8%03x-%012x', CAST(at * 1000 AS INTEGER) >> 16, CAST(at * 1000 AS INTEGER) & 65535,
              n >> 12 & 4095, n & 4095, n), at
FROM times;
INSERT INTO messages ({COLUMNS})
SELECT id, '{BIG}', iif(:sent, 'sent', 'queued'), 1, iif(:sent, NULL, at), :sent, :sent, iif(:sent, '[1]', NULL),
       iif(:sent, 'first', NULL), iif(:sent, 'p' || id, NULL), at, at + 86400 * 30, 0, length(:content), 1, '{SUMMARY}'
FROM piece;
INSERT INTO contents (id, content) SELECT id, :content FROM piece;
INSERT INTO events (message, at, type) SELECT id, at, 'accepted' FROM piece;
INSERT INTO events (message, at, type, provider) SELECT id, at + 1, 'sent', 'first' FROM piece WHERE :sent;
INSERT INTO attempts (message, number, pool, provider, fence, started_at, finished_at, outcome, status, health)
SELECT id, 1, '{BIG}', 'first', 1, at, at + 1, 'accepted', 202, 1 FROM piece WHERE :sent;
"""  # noqa: S608

POSTGRESQL: Final = f"""
WITH numbers AS (SELECT n, $1::double precision + n * $2::double precision AS at
                 FROM generate_series($3::integer, $4::integer - 1) AS numbers (n)),
piece AS (SELECT substr(ms, 1, 8) || '-' || substr(ms, 9, 4) || '-7' || lpad(to_hex(n >> 12 & 4095), 3, '0')
                 || '-8' || lpad(to_hex(n & 4095), 3, '0') || '-' || lpad(to_hex(n), 12, '0') AS id, at
          FROM (SELECT n, at, lpad(to_hex((at * 1000)::bigint), 12, '0') AS ms FROM numbers) AS timed),
messages AS (INSERT INTO messages ({COLUMNS})
             SELECT id, '{BIG}', CASE WHEN $5::boolean THEN 'sent' ELSE 'queued' END, 1, CASE WHEN NOT $5 THEN at END,
                    ($5::boolean)::integer, ($5::boolean)::integer, CASE WHEN $5 THEN '[1]' END,
                    CASE WHEN $5 THEN 'first' END, CASE WHEN $5 THEN 'p' || id END, at, at + 86400 * 30,
                    0, length($6::bytea), 1, '{SUMMARY}'
             FROM piece),
contents AS (INSERT INTO contents (id, content) SELECT id, $6::bytea FROM piece),
accepted AS (INSERT INTO events (message, at, type) SELECT id, at, 'accepted' FROM piece),
ended AS (INSERT INTO events (message, at, type, provider) SELECT id, at + 1, 'sent', 'first' FROM piece WHERE $5)
INSERT INTO attempts (message, number, pool, provider, fence, started_at, finished_at, outcome, status, health)
SELECT id, 1, '{BIG}', 'first', 1, at, at + 1, 'accepted', 202, 1 FROM piece WHERE $5
"""  # noqa: S608


def sqlite(path: Path, queued: int, finished: int, now: float) -> None:
    content = pack(LETTER)
    db = connect(path)
    for sent, count, began, apart_s in _heaps(queued, finished, now):
        for first in range(0, count, PIECE):
            values = {"first": first, "end": min(count, first + PIECE), "began": began, "apart_s": apart_s}
            with db:
                db.execute(SQLITE, {**values, "sent": sent, "content": content}).fetchall()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()


async def postgresql(url: str, queued: int, finished: int, now: float) -> None:
    content = pack(LETTER)
    await (await PostgresStore.open(url)).close()
    db = await asyncpg.connect(url, server_settings={"synchronous_commit": "off"})
    for sent, count, began, apart_s in _heaps(queued, finished, now):
        for first in range(0, count, PIECE):
            await db.execute(POSTGRESQL, began, apart_s, first, min(count, first + PIECE), bool(sent), content)
    await db.execute("VACUUM (ANALYZE)")
    await db.execute("CHECKPOINT")
    await db.close()


def _heaps(queued: int, finished: int, now: float) -> list[tuple[int, int, float, float]]:
    """(1 for sent, how many, since when, how far apart)"""
    days_s = 6 * DAY_S
    return [(1, finished, now - days_s - 1200, days_s / max(1, finished)), (0, queued, now - 600, 500 / max(1, queued))]


def size_sqlite(path: Path) -> int:
    """Bytes on disk."""
    return sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))


async def size_postgresql(url: str) -> int:
    db = await asyncpg.connect(url)
    size: int = await db.fetchval("SELECT pg_database_size(current_database())")
    await db.close()
    return size
