"""The bare loop's disk: durable groups, and never more claimed than there is room for."""

import asyncio
from pathlib import Path

import apsw
import pytest

from posthouse.bench.journal import Commit, Group, Journal


class Reader:
    """A journal with its commits in a queue."""

    def __init__(self, path: Path, room: int) -> None:
        self.commits: asyncio.Queue[Commit] = asyncio.Queue()
        self.journal = Journal(str(path), room, self.commits.put_nowait)

    async def commit(self, group: Group) -> Commit:
        self.journal.put(group)
        return await self.commits.get()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bare.db"


async def test_no_more_is_claimed_than_there_is_room_for_and_a_record_makes_room(path: Path) -> None:
    reader = Reader(path, room=2)
    try:
        bodies = [(seq, b"%d" % seq) for seq in range(1, 6)]
        first = await reader.commit(Group(bodies=bodies))
        assert len(first.claimed) == 2
        assert set(first.claimed) <= set(bodies)
        done = first.claimed[0][0]
        second = await reader.commit(Group(sent=[(done, 202, "carrier-1")]))
        assert len(second.claimed) == 1
        assert second.claimed[0] not in first.claimed
    finally:
        reader.journal.close()
    with apsw.Connection(str(path)) as database:
        states = database.execute("SELECT state, count(*) FROM message GROUP BY state ORDER BY state").fetchall()
        assert states == [(0, 2), (1, 2), (2, 1)]
        assert database.execute("SELECT seq, status, name FROM message WHERE state = 2").get == (done, 202, "carrier-1")


async def test_the_file_waits_for_the_disk_at_every_commit(path: Path) -> None:
    reader = Reader(path, room=1)
    try:
        database = reader.journal.database
        assert database.pragma("synchronous") == 2  # FULL
        assert database.pragma("journal_mode") == "wal"
        assert database.pragma("page_size") == 8192
    finally:
        reader.journal.close()


async def test_closing_commits_what_was_put(path: Path) -> None:
    reader = Reader(path, room=0)
    reader.journal.put(Group(bodies=[(1, b"one")]))
    reader.journal.close()
    with apsw.Connection(str(path)) as database:
        assert database.execute("SELECT body FROM content").get == b"one"
