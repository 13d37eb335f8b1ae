"""One statement for a whole batch.

A query with one `VALUES (?, …)` line is run for many rows at once: the line is repeated as often as there are rows.
A statement a row would do the same, but every step of every statement gives the interpreter's lock away and asks for
it back, and under load that waiting costs more than the writing: docs/decisions/0004-group-commit.md has the figures.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import apsw
import msgspec

from posthouse.store.sql import queries

SQL = queries("posthouse.store.sqlite")

ROWS_MAX: Final = 64
"""Rows in one statement. Batches are cut into powers of two, so that few texts are ever prepared."""

_numbers = msgspec.json.Decoder(list[int])


def write(db: apsw.Connection, query: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a query for all rows."""
    for text, bindings in _cut(query, rows):
        db.execute(text, bindings)


def read(db: apsw.Connection, query: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Run a query for all rows; what it answers."""
    return [found for text, bindings in _cut(query, rows) for found in db.execute(text, bindings)]


def places(db: apsw.Connection, query: str, rows: Sequence[Sequence[Any]]) -> list[int]:
    """Run a query that answers with a JSON list of numbers."""
    found: list[int] = []
    for text, bindings in _cut(query, rows):
        found += _numbers.decode(db.execute(text, bindings).get)
    return found


def _cut(query: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    """The rows in portions, each with the text that takes it and its bindings in one list."""
    start, size = 0, ROWS_MAX
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield _text(query, size), [value for row in rows[start : start + size] for value in row]
        start += size


@cache
def _text(query: str, size: int) -> str:
    head, values, tail = SQL[query].partition("\nVALUES ")
    row, newline, rest = tail.partition("\n")
    return f"{head}{values}{', '.join([row] * size)}{newline}{rest}"
