"""Where a fault test takes place: a store, how Posthouse is started on it, and what stands in it afterwards.

The store is read by its own database, and not by the product's code.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import apsw
import asyncpg
import msgspec

from tests.faults.auditor import Stored
from tests.faults.mutant import SOON, program
from tests.faults.server import POSTHOUSE, STORE
from tests.store import database

MESSAGES: Final = "SELECT id, status, possible_duplicate, summary FROM messages JOIN contents USING (id)"
ATTEMPTS: Final = "SELECT message, outcome FROM attempts ORDER BY message, number"
BACKENDS: Final = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'posthouse' AND datname = $1"
COUNTS: Final = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM attempts)"
BY_HEAP: Final = "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off"


class Ground(Protocol):
    """name: of its database. folder: for files. store: its URL. program, words: what is run on it, and how."""

    name: str
    folder: Path
    store: str
    program: Sequence[str]
    words: Sequence[str]

    async def stored(self) -> dict[str, Stored]:
        """Everything in the store, by id; of one that is in use, as of this moment."""
        ...

    async def still(self) -> None:
        """Return when nothing goes on in the database any more that a process had begun which is dead now."""
        ...

    async def sound(self) -> bool:
        """Whether the database finds nothing wrong with its files."""
        ...


class Sqlite:
    """A file, and one process."""

    name = "SQLite"
    program: Sequence[str] = POSTHOUSE
    words: Sequence[str] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = f"sqlite:///{folder / STORE}"

    async def stored(self) -> dict[str, Stored]:
        return stored(self.folder / STORE)

    async def still(self) -> None:
        pass

    async def sound(self) -> bool:
        return sound(self.folder / STORE)


class Postgres:
    """A database of its own on a server, and two workers behind a supervisor. What the dead held is missed soon."""

    name = "PostgreSQL"
    program: Sequence[str] = program(*SOON)
    words: Sequence[str] = ("--workers", "2")

    def __init__(self, folder: Path, server: database.Server, url: str) -> None:
        self.folder, self.server, self.store = folder, server, url

    @classmethod
    async def create(cls, folder: Path, server: database.Server | None = None) -> "Postgres":
        server = server or database.server()
        return cls(folder, server, await server.create("faults"))

    async def stored(self) -> dict[str, Stored]:
        db = await asyncpg.connect(self.store)
        try:
            async with db.transaction(isolation="repeatable_read", readonly=True):
                if not await db.fetchval("SELECT to_regclass('attempts')"):
                    return {}  # nothing has come so far as to make the tables
                return _joined(await db.fetch(MESSAGES), await db.fetch(ATTEMPTS))
        finally:
            await db.close()

    async def still(self) -> None:
        """A transaction whose commit was asked for ends by itself, whoever had asked."""
        db = await asyncpg.connect(self.store)
        try:
            async with asyncio.timeout(20):
                while await db.fetchval(BACKENDS, self.store.rpartition("/")[2]):  # noqa: ASYNC110  it cannot tell
                    await asyncio.sleep(0.005)
        finally:
            await db.close()

    async def sound(self) -> bool:
        """Every row is read, whose page has a checksum; and the index knows as many of them."""
        db = await asyncpg.connect(self.store)
        try:
            counts = []
            for how in (BY_HEAP, "RESET ALL; SET enable_seqscan = off"):
                await db.execute(how)
                counts.append(
                    [await db.fetchval(f"SELECT count(*) FROM {table}") for table in ("messages", "attempts")]
                )
            await db.fetchval("SELECT sum(length(content)) FROM contents")
            return bool(counts[0] == counts[1])
        finally:
            await db.close()


def stored(path: Path) -> dict[str, Stored]:
    """Everything in a store of SQLite's."""
    if not path.exists():
        return {}
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        db.set_busy_timeout(5000)
        db.execute("BEGIN")  # one view for both
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'attempts'").get:
            return {}
        return _joined(db.execute(MESSAGES).fetchall(), db.execute(ATTEMPTS).fetchall())
    finally:
        db.close()


def sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return bool(db.pragma("integrity_check") == "ok")
    finally:
        db.close()


class _Summary(msgspec.Struct):
    metadata: tuple[tuple[str, str], ...] = ()


def _joined(messages: Iterable[Sequence[Any]], attempts: Iterable[Sequence[Any]]) -> dict[str, Stored]:
    outcomes = defaultdict(list)
    for id_, outcome in attempts:
        outcomes[id_].append(outcome)
    return {
        id_: Stored(id_, _ref(summary), status, bool(marked), tuple(outcomes[id_]))
        for id_, status, marked, summary in messages
    }


def _ref(summary: str) -> str | None:
    return dict(msgspec.json.decode(summary, type=_Summary).metadata).get("ref")
