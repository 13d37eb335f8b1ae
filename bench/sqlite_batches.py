"""What a row costs when a batch goes in statement by statement, and when it goes in as one.

    python -m bench.sqlite_batches

Rows of the table `messages`, 64 a batch, in memory: the disk is left out, it is the same for all. Prints µs a row, the
best of several alternating rounds.
"""

import json
from collections.abc import Callable
from time import perf_counter

import apsw

from posthouse.mail.ident import uuid7
from posthouse.store.sql import migrations
from posthouse.store.sqlite.statement import SQL, write

BATCH, BATCHES, ROUNDS = 64, 100, 7

Rows = list[tuple[object, ...]]

COLUMNS = (
    *("id", "pool", "status", "lane", "class", "due_at", "accepted_at", "expires_at"),
    *("give_up_at", "needs", "size", "recipients", "wanted", "summary", "resent_from", "caller"),
)
UNFOLDED = f"INSERT INTO messages ({', '.join(COLUMNS)}) SELECT "
UNFOLDED += ", ".join(f"value ->> {place}" for place in range(len(COLUMNS))) + " FROM json_each(?)"


def one_by_one(db: apsw.Connection, rows: Rows) -> None:
    db.executemany(SQL["add_message"], rows)


def as_json(db: apsw.Connection, rows: Rows) -> None:
    db.execute(UNFOLDED, (json.dumps(rows),))


def as_one(db: apsw.Connection, rows: Rows) -> None:
    write(db, "add_message", rows)


def rows(first: int) -> Rows:
    numbers = range(first, first + BATCH)
    ids = [uuid7(1.8e9 + number / 1000, number.to_bytes(10, "big")) for number in numbers]
    summary = '{"sender":"a@example.com","recipients":["b@example.org"],"subject":"Hello"}'
    state = ("queued", 1, None, 1.8e9, 1.8e9, None, 1.8e9 + 86400, 0, 1500, 1, None, summary, None, None)
    return [(id_, "example.com", *state) for id_ in ids]


def timed(method: Callable[[apsw.Connection, Rows], None]) -> float:
    """µs a row, in a fresh database."""
    db = apsw.Connection(":memory:")
    for _, sql in migrations("posthouse.store.sqlite"):
        db.execute(sql)
    batches = [rows(number * BATCH) for number in range(BATCHES)]
    db.execute("BEGIN")
    began = perf_counter()
    for batch in batches:
        method(db, batch)
    return (perf_counter() - began) / (BATCH * BATCHES) * 1e6


def main() -> None:
    methods = (one_by_one, as_json, as_one)
    best = dict.fromkeys(methods, float("inf"))
    for _ in range(ROUNDS):
        for method in methods:
            best[method] = min(best[method], timed(method))
    for method, cost in best.items():
        print(f"{method.__name__:<12} {cost:.1f} µs a row")  # noqa: T201


if __name__ == "__main__":
    main()
