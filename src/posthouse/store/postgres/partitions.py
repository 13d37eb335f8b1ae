"""The partitions of contents, attempts and events: made ahead of time, dropped as a whole when all in them is old.

A partition is a range of ids, and so of instants. What is unfinished in one that is old moves to the table's `*_rest`,
so that the others can go. Of several processes one does it at a time; none waits for a lock for longer than LOCK_MS,
and so nobody waits longer behind it. What cannot be done now is done the next time.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from posthouse.mail.ident import earliest
from posthouse.store.contract import StoreDown
from posthouse.store.postgres.connection import Line, Session
from posthouse.store.postgres.server import Server
from posthouse.store.postgres.statement import Db, ask
from posthouse.telemetry import log, warn

DAY_S: Final = 86_400.0

PARTS: Final = 7
"""A partition spans a seventh of the time for which its rows are kept, in whole days."""

AHEAD: Final = 3
"""So many partitions are there for times to come."""

MOVED_MOST: Final = 10_000
"""Messages that are kept when their partition goes. Where there are more its rows are deleted one by one."""

REST_BYTES: Final = 256 * 2**20
"""How large `*_rest` may be for a partition to be made: all of it is looked through meanwhile."""

LOCK_MS: Final = 250
"""How long a change may wait for a lock; whoever comes meanwhile waits behind it."""

FIRST, LAST = "", "~"
"""They sort before and after all ids."""

KEYS: Final = {"contents": "id", "attempts": "message", "events": "message"}
"""table → the column that holds the id of the message"""

SETTINGS: Final = {"contents": " WITH (toast_tuple_target = 8160)"}

_BOUNDS: Final = re.compile(r"FROM \((?:'([^']*)'|MINVALUE)\) TO \('([^']*)'\)")

Span = tuple[str, str]
"""Ids from the first on, and before the second."""

Spans = dict[str, tuple[Span, ...]]
"""table → where its rows are deleted one by one"""


class Partition(NamedTuple):
    """Of that table; it holds the ids from lower on and before upper."""

    table: str
    name: str
    lower: str
    upper: str


class Partitions:
    """spans: as this process last saw it. Where others have changed it since, rows are only deleted one by one."""

    def __init__(self, server: Server) -> None:
        self._line = Line(server)
        self._partitions: list[Partition] = []
        self._clung_to = set[str]()
        self.spans: Spans = {}

    async def look(self) -> None:
        """Learn what there is."""
        self._partitions = await self._line.read(_partitions)
        going = [one for one in self._partitions if one.name not in self._clung_to]
        self.spans = {table: beside(one for one in going if one.table == table) for table in KEYS}

    async def rotate(self, now: float, content_s: float, records_s: float) -> int:
        """Make what is missing, drop what is old; how many partitions were dropped."""
        # No content outlives its record: nobody would come back for it.
        lasts_s = {"contents": min(content_s, records_s), "attempts": records_s, "events": records_s}
        dropped = 0
        await self.look()
        for partition in self._partitions:
            if partition.upper <= earliest(now - lasts_s[partition.table]):
                done = await self._try(partial(_drop, old=partition))
                dropped += bool(done)
                if done is False:
                    self._clung_to.add(partition.name)
        for table in KEYS:
            await self._try(partial(_make, table=table, now=now, kept_s=lasts_s[table]))
        await self.look()
        await self._line.close()  # it is not needed for a while
        return dropped

    async def _try(self, change: Callable[[Session], Awaitable[bool | None]]) -> bool | None:
        """None: others are at it, or held a lock for too long. The next time, then."""
        done: bool | None = None

        async def body(db: Session) -> None:
            nonlocal done
            [[alone]] = await ask(db, "rotate_alone")
            if alone:
                await db.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
                done = await change(db)

        try:
            await self._line.write(body)
        except StoreDown:
            return None
        return done

    async def close(self) -> None:
        await self._line.close()


def beside(partitions: Iterable[Partition]) -> tuple[Span, ...]:
    """Where no partition is that will be dropped as a whole."""
    spans, lower = list[Span](), FIRST
    for partition in sorted(partitions, key=lambda one: one.lower):
        if partition.lower == FIRST:
            continue  # what was there before there were any
        if lower < partition.lower:
            spans.append((lower, partition.lower))
        lower = partition.upper
    return (*spans, (lower, LAST))


def within(id_: str, spans: Sequence[Span]) -> bool:
    return any(lower <= id_ < upper for lower, upper in spans)


def instant(id_: str) -> float:
    """When a message was accepted, by its id: the way back from `earliest`."""
    return int(id_[:8] + id_[9:13], 16) / 1000


async def _partitions(db: Db) -> list[Partition]:
    """Those with bounds, in their order."""
    found = []
    for table, name, bounds in await ask(db, "partitions"):
        if match := _BOUNDS.search(bounds or ""):  # none: it was dropped at this moment
            found.append(Partition(table, name, match[1] or FIRST, match[2]))
    return sorted(found)


async def _make(db: Session, table: str, now: float, kept_s: float) -> bool:
    """The partitions of a table that are missing. They are attached, which keeps nobody from the others."""
    wide_s = kept_s / PARTS // DAY_S * DAY_S
    if wide_s <= 0:
        return False  # it is to be forgotten within days: one by one is more exact
    key = KEYS[table]
    uppers = [one.upper for one in await _partitions(db) if one.table == table]
    last_s = instant(max(uppers)) if uppers else 0.0
    begins_s = max(last_s, now // DAY_S * DAY_S)
    if begins_s >= now + AHEAD * wide_s:
        return False
    rest = f"SELECT max({key}), pg_relation_size('{table}_rest') FROM {table}_rest WHERE {key} >= $1"  # noqa: S608
    [[newest, size]] = await db.fetch(rest, earliest(begins_s))
    if newest is not None:  # it holds what came while nobody made partitions
        begins_s = (instant(newest) // DAY_S + 1) * DAY_S
    if size > REST_BYTES:
        warn(f"{table}_rest is too large for new partitions to be made: see docs/scaling.md", count=size)
        return False
    while begins_s < now + AHEAD * wide_s:
        lower, upper = earliest(begins_s), earliest(begins_s + wide_s)
        name = f"{table}_{lower[:8]}{lower[9:13]}"
        await db.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL){SETTINGS.get(table, '')}")
        await db.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{lower}') TO ('{upper}')")
        begins_s += wide_s
    return True


async def _drop(db: Session, old: Partition) -> bool | None:
    """Move what is to be kept of it, and drop the rest with it. False: too much is to be kept. None: it is gone."""
    table, name, key = old.table, old.name, KEYS[old.table]
    if old not in await _partitions(db):  # by another process, since this one has looked
        return None
    # Whoever writes to it still has done so, or comes after it is gone; those who read are not kept from it.
    await db.execute(f"LOCK TABLE {name} IN SHARE MODE")
    which = "unfinished_within" if table == "contents" else "known_within"
    kept = [id_ for (id_,) in await ask(db, which, old.lower, old.upper, MOVED_MOST + 1)]
    if len(kept) > MOVED_MOST:
        return False
    await db.execute(f"ALTER TABLE {table} DETACH PARTITION {name}")
    if kept:
        move = f"INSERT INTO {table} SELECT * FROM {name} WHERE {key} = ANY ($1::text[])"  # noqa: S608  names of ours
        await db.execute(move, kept)
    await db.execute(f"DROP TABLE {name}")
    log("a partition was dropped", reason=name, count=len(kept))
    return True
