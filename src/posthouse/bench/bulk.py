"""The bare loop's PostgreSQL: rows are added, claimed and recorded in bulk, each kind on a connection of its own.

`unnest` makes rows of arrays, so that a commit is one statement and one journey. Content has a table of its own,
as in `journal.py`. Several processes may share the tables: claims step over what another is claiming.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from posthouse.bench.journal import Body, Commit, Group, Sent

SCHEMA: Final = """
CREATE TABLE message (
  seq bigint PRIMARY KEY, state smallint NOT NULL, due timestamptz NOT NULL, lease timestamptz, status int, name text
) WITH (fillfactor = 80);
CREATE TABLE content (seq bigint PRIMARY KEY, body bytea NOT NULL);
CREATE INDEX message_queued ON message (due) WHERE state = 0;
"""
ADD: Final = """
WITH given AS (SELECT * FROM unnest($1::bigint[], $2::bytea[]) AS given (seq, body)),
     kept AS (INSERT INTO content SELECT seq, body FROM given)
INSERT INTO message (seq, state, due) SELECT seq, 0, now() FROM given
"""
CLAIM: Final = """
WITH free AS (SELECT seq FROM message WHERE state = 0 ORDER BY due LIMIT $1 FOR UPDATE SKIP LOCKED),
     taken AS (UPDATE message SET state = 1, lease = now() + interval '60 s' FROM free WHERE message.seq = free.seq
               RETURNING message.seq)
SELECT seq, body FROM taken JOIN content USING (seq)
"""
RECORD: Final = """
UPDATE message SET state = 2, lease = NULL, status = done.status, name = done.name
FROM unnest($1::bigint[], $2::int[], $3::text[]) AS done (seq, status, name)
WHERE message.seq = done.seq AND message.state = 1
"""
LOOK_S: Final = 0.002
"""How long a claim that found nothing waits, unless this process adds something."""


class Bulk:
    """What gathers while a statement is under way is the next one. `committed` is called in the event loop.

    claims: whether this process claims. Never more than `room` messages are claimed and not yet recorded.
    """

    def __init__(self, url: str, room: int, committed: Callable[[Commit], None], *, claims: bool) -> None:
        self.url, self.room, self.committed, self.claims = url, room, committed, claims
        self.bodies: list[Body] = []
        self.sent: list[Sent] = []
        self.added, self.done, self.free = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; what was put and not yet committed was not answered either."""
        async with asyncio.TaskGroup() as group:
            for work in [self.adding, self.recording, self.claiming] if self.claims else [self.adding]:
                group.create_task(self.working(work))

    def put(self, group: Group) -> None:
        """Have this committed, together with what else has gathered by then."""
        self.bodies += group.bodies
        self.sent += group.sent
        if group.bodies:
            self.added.set()
        if group.sent:
            self.done.set()

    async def working(self, work: Callable[[Any], Awaitable[None]]) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            # As Posthouse has it: statistics of when the tables were empty must not lead to walking over them.
            await connection.execute("SET enable_seqscan = off; SET jit = off")
            while True:
                await work(connection)
        finally:
            connection.terminate()

    async def adding(self, connection: Any) -> None:
        await self.added.wait()
        self.added.clear()
        bodies, self.bodies = self.bodies, []
        await connection.execute(ADD, [seq for seq, _ in bodies], [body for _, body in bodies])
        self.committed(Commit(Group(bodies), []))
        self.free.set()

    async def recording(self, connection: Any) -> None:
        await self.done.wait()
        self.done.clear()
        sent, self.sent = self.sent, []
        await connection.execute(RECORD, *map(list, zip(*sent, strict=True)))
        self.room += len(sent)
        self.committed(Commit(Group([], sent), []))
        self.free.set()

    async def claiming(self, connection: Any) -> None:
        self.free.clear()
        claimed = [tuple(row) for row in await connection.fetch(CLAIM, self.room)] if self.room else []
        if claimed:
            self.room -= len(claimed)
            self.committed(Commit(Group(), claimed))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self.free.wait()
