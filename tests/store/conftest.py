"""One store per test, of every dialect there is."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import apsw
import asyncpg
import pytest

from posthouse.store.contract import Store
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sqlite.store import SqliteStore
from tests.store import database


class Dialect(Protocol):
    """Opens stores on one and the same database."""

    async def open(self) -> Store: ...

    async def run(self, statement: str) -> None:
        """What no store would do to it; on SQLite while none is open."""
        ...


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "posthouse.db"

    async def open(self) -> Store:
        return SqliteStore(self._path)

    async def run(self, statement: str) -> None:
        db = apsw.Connection(str(self._path))
        db.execute(statement)
        db.close()


class Postgres:
    """One database for all tests of a process: the first to open it in a test finds it empty."""

    def __init__(self, folder: Path) -> None:
        self._url: str | None = None

    async def open(self) -> Store:
        if self._url is None:
            self._url = database.server().url()
            await database.empty(self._url)
        return await PostgresStore.open(self._url)

    async def run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._url)
        await connection.execute(statement)
        await connection.close()


DIALECTS: dict[str, Callable[[Path], Dialect]] = {"sqlite": Sqlite, "postgres": Postgres}


@pytest.fixture(params=list(DIALECTS))
def dialect(request: pytest.FixtureRequest, tmp_path: Path) -> Dialect:
    """A database of its own, empty."""
    return DIALECTS[request.param](tmp_path)


@pytest.fixture
async def store(dialect: Dialect) -> AsyncIterator[Store]:
    """A store that is open, and empty."""
    opened = await dialect.open()
    yield opened
    await opened.close()
