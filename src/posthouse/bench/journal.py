"""The bare loop's disk: SQLite with one writer thread that commits whatever has gathered, in one transaction.

WAL with synchronous=FULL: a commit returns after fsync. Content has a table of its own, so that the rows that
change stay small.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Final, cast

import apsw
import msgspec

from posthouse.clock import SystemClock

SETTINGS: Final = ("PRAGMA page_size=8192", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
SCHEMA: Final = """
CREATE TABLE message (
  seq INTEGER PRIMARY KEY, state INTEGER NOT NULL, due REAL NOT NULL, lease REAL, status INTEGER, name TEXT
) STRICT;
CREATE TABLE content (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE INDEX message_queued ON message (due) WHERE state = 0;
"""
ADD: Final = "INSERT INTO message (seq, state, due) VALUES (?1, 0, ?2)"
ADD_CONTENT: Final = "INSERT INTO content (seq, body) VALUES (?1, ?2)"
RECORD: Final = "UPDATE message SET state = 2, lease = NULL, status = ?2, name = ?3 WHERE seq = ?1 AND state = 1"
CLAIM: Final = """
UPDATE message SET state = 1, lease = ?1
WHERE seq IN (SELECT seq FROM message WHERE state = 0 ORDER BY due LIMIT ?2)
RETURNING seq, (SELECT body FROM content WHERE content.seq = message.seq)
"""
LEASE_S: Final = 60.0

Body = tuple[int, bytes]
Sent = tuple[int, int, str | None]


class Group(msgspec.Struct):
    """What goes into one transaction: messages to add (number, body), messages sent (number, status, provider's id)."""

    bodies: list[Body] = []
    sent: list[Sent] = []


class Commit(msgspec.Struct, frozen=True):
    """What is on disk now: those were added, those recorded, and those claimed, which may leave."""

    group: Group
    claimed: list[Body]


class Journal:
    """The writer. `committed` is called in the event loop, in the order of the transactions.

    Every transaction also claims: never more than `room` messages are claimed and not yet recorded.
    """

    def __init__(self, path: str, room: int, committed: Callable[[Commit], None]) -> None:
        self.room = room
        self.committed = committed
        self.loop = asyncio.get_running_loop()
        self.groups: queue.SimpleQueue[Group | None] = queue.SimpleQueue()
        self.database = apsw.Connection(path)
        for statement in (*SETTINGS, SCHEMA):
            self.database.execute(statement)
        self.thread = threading.Thread(target=self.write, name="journal")
        self.thread.start()

    def put(self, group: Group) -> None:
        """Have this committed, together with what else has gathered by then."""
        self.groups.put(group)

    async def run(self) -> None:
        """Until cancelled; then what was put is committed, and the thread ended."""
        try:
            await self.loop.create_future()
        finally:
            self.close()

    def close(self) -> None:
        """Commit what was put, and end the thread."""
        self.groups.put(None)
        self.thread.join()
        self.database.close()

    def write(self) -> None:
        """The thread."""
        more = True
        while more:
            group = Group()
            more = self.gather(group)
            commit = self.commit(group)
            if more:
                self.loop.call_soon_threadsafe(self.committed, commit)

    def gather(self, group: Group) -> bool:
        """Wait for something to commit, and take all there is; False when the end was among it."""
        while (put := self.groups.get()) is not None:
            group.bodies += put.bodies
            group.sent += put.sent
            if self.groups.empty():
                return True
        return False

    def commit(self, group: Group) -> Commit:
        """One transaction: insert, record, claim. It is on disk when this returns."""
        now = SystemClock.now()
        database = self.database
        database.execute("BEGIN IMMEDIATE")
        database.executemany(ADD, [(seq, now) for seq, _ in group.bodies])
        database.executemany(ADD_CONTENT, group.bodies)
        database.executemany(RECORD, group.sent)
        self.room += len(group.sent)
        claimed = cast(list[Body], database.execute(CLAIM, (now + LEASE_S, self.room)).fetchall() if self.room else [])
        self.room -= len(claimed)
        database.execute("COMMIT")
        return Commit(group, claimed)
