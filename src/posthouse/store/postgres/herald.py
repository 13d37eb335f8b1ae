"""Tells other processes what was committed here, and hears what was committed there.

By NOTIFY, after the commit and for several commits together: a NOTIFY inside a transaction makes all such transactions
of a database commit one after the other. What is lost on the way (a crash, a cut connection) is found by those who
poll; nothing depends on it but waiting times.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from posthouse.store.contract import StoreDown
from posthouse.store.postgres.server import LOST, Server

CHANNEL: Final = "posthouse"

PAUSE_S: Final = 0.02
"""Between two announcements: what is committed meanwhile is told together."""

AGAIN_S: Final = 0.5
"""Before another try at a database that is away."""

IDS_MAX: Final = 200
"""Ids in one announcement: it may hold 8,000 bytes."""

ALL: Final = "*"
"""In the place of ids, where they are too many: let everybody look for himself."""


class Herald:
    """due(): something may have become due elsewhere. settled(id): that message has ended; None for any message."""

    def __init__(self, server: Server, due: Callable[[], None], settled: Callable[[str | None], None]) -> None:
        self._server, self._due, self._settled = server, due, settled
        self._news = asyncio.Event()
        self._any_due = False
        self._ids: list[str] = []
        self._connection: Any = None
        self._task = asyncio.create_task(self._run())

    def announce(self, *, due: bool, ids: Iterable[str]) -> None:
        """Tell the others, soon."""
        self._any_due |= due
        self._ids += ids
        if self._any_due or self._ids:
            self._news.set()

    async def close(self) -> None:
        """Tell what is left to tell, and hear no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            self._connection.terminate()

    async def _run(self) -> None:
        while True:
            # Whoever asks the store is told of trouble by its own connection.
            with suppress(StoreDown, *LOST):
                await self._serve()
            if self._connection is not None:
                self._connection.terminate()
                self._connection = None
            await asyncio.sleep(AGAIN_S)

    async def _serve(self) -> None:
        """Until the connection is lost."""
        self._connection = connection = await self._server.connect()
        connection.add_termination_listener(lambda _: self._news.set())
        await connection.add_listener(CHANNEL, self._heard)
        # What is told here is no promise: nobody waits for a disk.
        await connection.execute("SET synchronous_commit = off")
        self._due()  # what was told while nobody listened
        self._settled(None)
        while not connection.is_closed():
            await self._news.wait()
            self._news.clear()
            for words in self._words():
                await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, words, timeout=self._server.deadline_s)
            await asyncio.sleep(PAUSE_S)

    def _words(self) -> list[str]:
        """What is to be told: `due` or nothing, and ids, with commas between."""
        first = "due" if self._any_due else ""
        ids = [ALL] if len(self._ids) > IDS_MAX else self._ids
        told = bool(first or ids)
        self._any_due, self._ids = False, []
        return [",".join([first, *ids])] if told else []

    def _heard(self, connection: Any, pid: int, channel: str, words: str) -> None:
        if pid == connection.get_server_pid():
            return
        first, *ids = words.split(",")
        if first == "due":
            self._due()
        for id_ in ids:
            self._settled(None if id_ == ALL else id_)
