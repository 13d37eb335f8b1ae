"""Connections that are made anew when they are lost, and the transactions on them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import asyncpg

from posthouse.store.contract import StoreDown
from posthouse.store.postgres.server import LOST, Server
from posthouse.store.postgres.statement import Row

T = TypeVar("T")

ROUNDS: Final = 3
"""How often a transaction is tried that surely was not committed, and not for a fault of its own."""

SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Session:
    """A connection inside a transaction, and the clock its callers go by. longest_s: it and its commit may take."""

    def __init__(self, connection: Any, server: Server) -> None:
        self._connection, self.clock, self.longest_s = connection, server.clock, 2 * server.deadline_s

    async def execute(self, query: str, *args: Any) -> Any:
        return await self._connection.execute(query, *args)

    async def fetch(self, query: str, *args: Any) -> list[Row]:
        found: list[Row] = await self._connection.fetch(query, *args)
        return found


class Line:
    """One connection at a time, for one user at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Any = None

    async def write(self, body: Callable[[Session], Awaitable[None]]) -> None:
        """Everything inside, durably, or nothing of it.

        StoreDown: the database is away, or its answer to the commit was lost; then all of it may be there. What fails
        before the commit was asked for is not there: where only the connection was lost it is tried again at once.
        """
        for left in reversed(range(ROUNDS)):
            try:
                async with asyncio.timeout(self._server.deadline_s):
                    session = await self._begin(self._server.begin())
                    await body(session)
                break
            except BaseException as error:
                down = await self._undo(error)
                again = _rival(error) or (down is not None and not isinstance(error, TimeoutError | StoreDown))
                if left and again:
                    continue
                if down is None and _rival(error):
                    down = StoreDown("it stood in the way of others, again and again")
                if down is not None:
                    raise down from None
                raise
        try:
            async with asyncio.timeout(self._server.deadline_s):
                await session.execute("COMMIT")
        except BaseException as error:
            self.drop()
            down = self._server.down(error)
            if down is None:
                raise
            raise StoreDown(f"{down}; whether its last commit took place is not known", lost=True) from None

    async def read(self, body: Callable[[Session], Awaitable[T]]) -> T:
        """What one moment shows."""
        for left in reversed(range(ROUNDS)):
            try:
                async with asyncio.timeout(self._server.deadline_s):
                    session = await self._begin(self._server.begin(SNAPSHOT))
                    found = await body(session)
                    await session.execute("COMMIT")
                    return found
            except BaseException as error:
                down = await self._undo(error)
                if down is None:
                    raise
                if isinstance(error, TimeoutError | StoreDown) or not left:
                    raise down from None
        raise AssertionError("unreachable")

    async def _begin(self, how: str) -> Session:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._server.connect()
        session = Session(self._connection, self._server)
        await session.execute(how)
        return session

    async def _undo(self, error: BaseException) -> StoreDown | None:
        """Roll back, or let the connection go where it is not to be relied on any more."""
        down = self._server.down(error)
        if down is not None or not isinstance(error, Exception):
            self.drop()
        elif self._connection is not None:
            try:
                async with asyncio.timeout(self._server.deadline_s):
                    await self._connection.execute("ROLLBACK")
            except LOST:
                self.drop()
        return down

    def drop(self) -> None:
        """Let the connection go as it stands."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Let the connection go, with a word to the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close(timeout=1.0)
            except LOST:
                connection.terminate()


def _rival(error: BaseException) -> bool:
    """Whether two transactions stood in each other's way, and this one was chosen to give way."""
    return isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError)
