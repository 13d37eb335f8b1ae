"""One statement for a whole batch: each column is an array, and `unnest` makes rows of them.

One text serves any number of rows, so that few statements are ever prepared.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from posthouse.store.sql import queries

SQL = queries("posthouse.store.postgres")

NUL, INSTEAD = "\0", "\ufffd"
"""PostgreSQL's text holds every character but one. Others' words may have it in them: it is replaced."""

Row = Sequence[Any]


class Db(Protocol):
    """A connection inside a transaction."""

    async def execute(self, query: str, *args: Any) -> Any: ...

    async def fetch(self, query: str, *args: Any) -> list[Row]: ...


async def write(db: Db, query: str, rows: Sequence[Row]) -> None:
    """Run a query for all rows."""
    if rows:
        await db.execute(SQL[query], *_columns(rows))


async def read(db: Db, query: str, rows: Sequence[Row]) -> list[Row]:
    """Run a query for all rows; what it answers."""
    return await db.fetch(SQL[query], *_columns(rows)) if rows else []


async def ask(db: Db, query: str, *values: Any) -> list[Row]:
    """Run a query with single values; what it answers."""
    return await db.fetch(SQL[query], *map(text, values))


def text(value: Any) -> Any:
    """A value as PostgreSQL takes it."""
    return value.replace(NUL, INSTEAD) if isinstance(value, str) and NUL in value else value


def columned(rows: Sequence[Row], width: int) -> list[list[Any]]:
    """The columns of rows that may be none."""
    return _columns(rows) if rows else [[] for _ in range(width)]


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    return [[text(value) for value in column] for column in zip(*rows, strict=True)]
