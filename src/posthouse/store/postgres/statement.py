"""One statement for a whole batch: each row is a JSON array, and `unnest` makes rows of them again.

One text serves any number of rows, so that few statements are ever prepared. An array for each column would do the
same, but asyncpg looks at each value of an array from Python; with all rows in one JSON array PostgreSQL plans for a
hundred of them, and walks over a small table: docs/decisions/0008-postgresql.md.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from posthouse.store.sql import queries

SQL = queries("posthouse.store.postgres")

NUL, INSTEAD = "\0", "\ufffd"
"""PostgreSQL's text holds every character but one. Others' words may have it in them: it is replaced."""

_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

Row = Sequence[Any]

_json = msgspec.json.Encoder()


class Db(Protocol):
    """A connection inside a transaction."""

    async def execute(self, query: str, *args: Any) -> Any: ...

    async def fetch(self, query: str, *args: Any) -> list[Row]: ...


async def write(db: Db, query: str, rows: Sequence[Row]) -> None:
    """Run a query for all rows. Bytes in them are base64 there."""
    if rows:
        await db.execute(SQL[query], packed(rows))


async def read(db: Db, query: str, rows: Sequence[Row]) -> list[Row]:
    """Run a query for all rows; what it answers."""
    return await db.fetch(SQL[query], packed(rows)) if rows else []


async def ask(db: Db, query: str, *values: Any) -> list[Row]:
    """Run a query with single values, or lists of them; what it answers."""
    return await db.fetch(SQL[query], *map(text, values))


def text(value: Any) -> Any:
    """A value as PostgreSQL takes it."""
    return value.replace(NUL, INSTEAD) if isinstance(value, str) and NUL in value else value


def json(written: str) -> str:
    """JSON as PostgreSQL takes it."""
    return _NUL.sub(r"\1\\ufffd", written) if "\\u0000" in written else written


def packed(rows: Sequence[Row]) -> list[str]:
    """Rows as a query takes them: one JSON array each."""
    return [json(_json.encode(row).decode()) for row in rows]
