"""A store that was restored from a copy: what is unfinished in it is set aside until somebody gives a verdict."""

from typing import assert_never

import apsw
import msgspec

from posthouse.store import changes
from posthouse.store.doubt import CALLED_OFF, COURSE, LET_GO, SLICE, why
from posthouse.store.sqlite.audit import audit
from posthouse.store.sqlite.statement import SQL, write
from posthouse.store.values import Doubts, Release, Restoring


def mark(db: apsw.Connection) -> float | None:
    """When the copy was made that this file is, where nobody has opened it yet; None where it is none."""
    row = db.execute(SQL["mark"]).fetchone()
    return None if row is None else row[0]


def set_mark(db: apsw.Connection, copied_at: float) -> None:
    """Say in a file that it is a copy."""
    db.execute(SQL["unmark"])
    db.execute(SQL["add_restore"], (copied_at, None))


def restored(db: apsw.Connection, items: list[Restoring]) -> list[int]:
    counts = []
    for item in items:
        db.execute(SQL["unmark"])
        db.execute(SQL["doubt_events"], (item.at, why(item)))
        db.execute(SQL["doubt_attempts"], (item.at, why(item)))
        count = len(db.execute(SQL["set_aside"], (item.at,)).fetchall())
        db.execute(SQL["hold_unfinished"], (COURSE,))
        db.execute(SQL["add_restore"], (item.copied_at, item.at))
        audit(db, [changes.restored(item, count)])
        counts.append(count)
    return counts


def doubts(db: apsw.Connection) -> Doubts:
    pools: dict[str, int] = {pool: count for pool, count in db.execute(SQL["doubts"])}  # noqa: C416
    last = db.execute(SQL["last_restore"]).fetchone()
    return Doubts(pools) if last is None else Doubts(pools, *last)


def release(db: apsw.Connection, items: list[Release]) -> list[int]:
    return [_released(db, item) for item in items]


def _released(db: apsw.Connection, item: Release) -> int:
    ids = None if item.ids is None else msgspec.json.encode(item.ids).decode()
    while found := db.execute(SQL["doubtful"], (item.pool, ids, SLICE)).fetchall():
        held = [str(id_) for id_, is_held in found if is_held]
        _judge(db, item, held)
        write(db, "settle_doubt", [(id_,) for id_, _ in found])
        if held:
            audit(db, [changes.released(item, len(held))])
            return len(held)
    return 0


def _judge(db: apsw.Connection, item: Release, ids: list[str]) -> None:
    match item.verdict:
        case "send":
            write(db, "let_go", [(id_, item.at) for id_ in ids])
            write(db, "add_event", [(id_, item.at, "deferred", None, None, LET_GO) for id_ in ids])
        case "cancel":
            write(db, "call_off", [(id_,) for id_ in ids])
            write(db, "add_event", [(id_, item.at, "cancelled", None, None, CALLED_OFF) for id_ in ids])
        case "hold":
            pass  # as they are
        case _:
            assert_never(item.verdict)
