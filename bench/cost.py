"""What one message costs a store: rows, bytes, processor time. One receipt of 1.3 KB, sent at the first attempt.

    python -m bench.cost --store sqlite
    python -m bench.cost --store postgresql [--queued] [--messages 20000] [--url postgresql://…]

The store alone, in batches of 64: add with the attempt, record; with --queued add, claim, intend, record. On PostgreSQL
then what it costs to forget the contents, half of them row by row and the other half with their partition. The process
is this one, without HTTP and routing; the server is PostgreSQL with all its processes, where it is the tests' own
(without --url).
"""

import argparse
import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import asyncpg

from bench.pile import LETTER
from posthouse.bench.process import seconds, total
from posthouse.clock import SystemClock
from posthouse.mail.ident import uuid7
from posthouse.routing.board import Fact
from posthouse.routing.retry import Happening
from posthouse.routing.rules import START
from posthouse.store.contract import Store
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Begun, ClaimRequest, Entry, Intent, Result, Summary, pack

clock = SystemClock()

EACH: Final = 64
POOL: Final = "example.com"
DAY_S: Final = 86_400.0


class Meter(NamedTuple):
    """Counters at one moment. written: to the disk by this process; log: bytes of PostgreSQL's write-ahead log."""

    at: float
    process_s: float
    server_s: float
    disk: int
    written: int
    log: int


def entries(begun: Begun | None) -> list[Entry]:
    now, content = clock.now(), pack(LETTER)
    summary = Summary(f"post@{POOL}", ("ann@example.org",), LETTER.subject)
    made = [uuid7(now, os.urandom(10)) for _ in range(EACH)]
    return [Entry(id_, POOL, now, now, now + DAY_S, summary, content, 0, 1, begun=begun) for id_ in made]


async def carry(store: Store, *, queued: bool) -> None:
    """One batch, from its acceptance to its end."""
    now = clock.now()
    made = entries(None if queued else Begun("first", now + 90.0, now))
    await store.add(made)
    if queued:
        claims = await store.claim(ClaimRequest(EACH, 2**26, clock.now(), 90.0))
        await store.intend([Intent(c.job.id, c.fence, 1, "first", POOL, now, False, c.seen) for c in claims])
    done = (Happening("sent"),)
    facts = Fact("first", clock.now(), "accepted", 1, began=now)
    await store.record(
        [
            Result(
                *(entry.id, 1, 1, "accepted", facts, "sent", START),
                status_code=202,
                provider_message_id=entry.id[:22],
                events=done,
            )
            for entry in made
        ]
    )


async def meter(path: Path | None, url: str, server: int | None) -> Meter:
    own = os.times()
    counted = Path("/proc/self/io").read_text()  # noqa: ASYNC240  of this process, no disk
    written = int(counted.partition("\nwrite_bytes: ")[2].split()[0])
    disk, log = 0, 0
    if path is not None:
        disk = sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))
    else:
        db = await asyncpg.connect(url)
        await db.execute("CHECKPOINT")
        log = int(await db.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'"))
        disk = await db.fetchval("SELECT pg_database_size(current_database())")
        await db.close()
    used = None if server else 0.0
    while used is None:  # some of them come and go
        used = total(seconds, server or 0)
    return Meter(clock.monotonic(), own.user + own.system, used, disk, written, log)


async def measure(store: str, url: str | None, messages: int, *, queued: bool) -> None:
    server, path = None, None
    with TemporaryDirectory(dir=Path.cwd(), prefix=".cost-") as name:
        opened: Store
        if store == "sqlite":
            path = Path(name) / "posthouse.db"
            opened = SqliteStore(path)
        else:
            if url is None:
                from tests.store import database

                url, server = await database.server().create("cost"), database.server().pid
            opened = await PostgresStore.open(url)
            await opened.rotate(clock.now() - 6 * DAY_S, 7 * DAY_S, 90 * DAY_S)
            await opened.rotate(clock.now(), 7 * DAY_S, 90 * DAY_S)
        for _ in range(10):
            await carry(opened, queued=queued)
        before = await meter(path, url or "", server)
        for _ in range(messages // EACH):
            await carry(opened, queued=queued)
        after = await meter(path, url or "", server)
        if store == "postgresql":
            await forget(opened, url or "", server, messages // 2)
        await opened.close()
    count = messages // EACH * EACH
    each = Meter(*((b - a) / count for a, b in zip(before, after, strict=True)))  # type: ignore[arg-type]
    say(f"{store}: {count} messages, {1 / each.at:,.0f} a second in one line")
    say("rows                 5 (message, content, attempt, two events)")
    say(f"on disk          {each.disk:8,.0f} bytes")
    if store == "sqlite":
        say(f"written          {each.written:8,.0f} bytes")
    else:
        say(f"log              {each.log:8,.0f} bytes")
        say(f"server           {each.server_s * 1e6:8,.0f} µs")
    say(f"process          {each.process_s * 1e6:8,.0f} µs")


async def forget(store: Store, url: str, server: int | None, half: int) -> None:
    """So many contents row by row, then all that are left at once."""
    now, gone, started = clock.now(), 0, await meter(None, url, server)
    while gone < half:
        gone += await store.retire(now + 1, 0.0, 200)
    between = await meter(None, url, server)
    began = clock.monotonic()
    dropped = await store.rotate(now + 9 * DAY_S, 7 * DAY_S, 90 * DAY_S)
    took_s = clock.monotonic() - began
    ended = await meter(None, url, server)
    each = (between.log - started.log) / gone, (between.server_s - started.server_s) / gone * 1e6
    say(f"forgotten row by row: {gone} contents, each {each[0]:,.0f} bytes of log, {each[1]:,.0f} µs of the server")
    log, used_ms = ended.log - between.log, (ended.server_s - between.server_s) * 1e3
    say(f"forgotten as a whole: {dropped} partition in {took_s:.2f} s, {log:,} bytes of log, server {used_ms:.0f} ms")


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), required=True)
    parser.add_argument("--queued", action="store_true")
    parser.add_argument("--url")
    parser.add_argument("--messages", type=int, default=20_000)
    given = parser.parse_args()
    asyncio.run(measure(given.store, given.url, given.messages, queued=given.queued))


if __name__ == "__main__":
    main()
