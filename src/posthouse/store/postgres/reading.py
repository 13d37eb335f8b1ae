"""Answering those who look, in transactions that only read: each sees one moment."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from posthouse.mail.event import Status
from posthouse.mail.ident import earliest
from posthouse.routing.board import Fact
from posthouse.routing.quota import Spent
from posthouse.store import rows
from posthouse.store.postgres.partitions import DAY_S, Spans, within
from posthouse.store.postgres.statement import Db, Row, ask, read
from posthouse.store.values import LANES, Backlog, Mismatch, Once, Provided, Receipt, Record, Stored, unpack


async def find(db: Db, message_id: str, pool: str | None) -> Record | None:
    found = await ask(db, "find", message_id, pool)
    if not found:
        return None
    attempts = await ask(db, "attempts", message_id)
    events = await ask(db, "events", message_id)
    return rows.record(tuple(found[0]), list(map(tuple, attempts)), list(map(tuple, events)))


async def status(db: Db, message_id: str) -> Status | None:
    found = await read(db, "status", [(0, message_id, None)])
    return found[0][1] if found else None


async def content(db: Db, message_id: str, pool: str | None) -> Stored | None:
    record = await find(db, message_id, pool)
    if record is None:
        return None
    [(wanted, packed)] = await ask(db, "content", message_id)
    try:
        message = None if packed is None else unpack(packed)
    except msgspec.MsgspecError:
        message = None  # spoilt is as good as forgotten
    return Stored(message, record, rows.wishes(wanted))


async def remembered(db: Db, pool: str, once: Once, now: float) -> Receipt | Mismatch | None:
    found = await ask(db, "remembered", pool, once.key, now)
    return None if not found else rows.known(tuple(found[0]), once)


async def observations(db: Db, since: float) -> dict[str, list[Fact]]:
    facts: dict[str, list[Fact]] = defaultdict(list)
    for pool, *rest in await ask(db, "observations", since):
        facts[pool].append(rows.fact(tuple(rest)))
    return dict(facts)


async def spent(db: Db, since_day: float, since_month: float, providers: Sequence[Provided]) -> dict[Provided, Spent]:
    # A day further back, so that a rate that midnight falls into has its last start as well.
    since = min(since_day, since_month) - DAY_S
    found = {
        (pool, provider): Spent(today, month, since_day, last_start)
        for pool, provider, today, month, last_start in await ask(db, "spent", since, since_day, since_month)
    }
    return {line: found.get(line, Spent(as_of=since_day)) for line in providers}


async def accepted(db: Db, since: float) -> dict[tuple[str, str], int]:
    return {(pool, caller): count for pool, caller, count in await ask(db, "accepted", earliest(since))}


async def waiting(db: Db, now: float) -> float:
    [(oldest,)] = await ask(db, "oldest")
    return 0.0 if oldest is None else max(0.0, now - oldest)


async def backlog(db: Db, now: float) -> Backlog:
    oldest = dict(map(tuple, await ask(db, "oldest_of_lanes")))
    unfinished = {(pool, status): count for pool, status, count in await ask(db, "backlog")}
    return Backlog(unfinished, {lane: max(0.0, now - oldest.get(lane, now)) for lane in LANES.values()})


async def retire(db: Db, items: list[tuple[float, float, int, Spans]]) -> list[int]:
    """(content_before, records_before, limit, spans) → how many were forgotten. Writes.

    spans: what goes one by one; the rest goes with its partition. SQLite has no partitions.
    """
    answers = []
    for content_before, records_before, limit, spans in items:
        # No content outlives its record, whatever the instants: nobody would come back for it.
        edge, contents = earliest(max(content_before, records_before)), list[Row]()
        for lower, upper in spans["contents"]:
            contents += await ask(db, "retire_contents", lower, min(upper, edge), limit - len(contents))
        gone = [id_ for (id_,) in await ask(db, "retire_records", earliest(records_before), limit)]
        for table in ("attempts", "events"):
            if alone := [id_ for id_ in gone if within(id_, spans[table])]:
                await ask(db, f"retire_{table}", alone)
        keys = await ask(db, "retire_keys", content_before, limit)
        told = await ask(db, "retire_changes", records_before, limit)
        answers.append(len(contents) + len(gone) + len(keys) + len(told))
        await ask(db, "retire_lessons")  # those are nobody's records, and not counted
    return answers
