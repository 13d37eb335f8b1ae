"""The attempts that a store has recorded, for `posthouse simulate --what-if`: read, never written."""

from pathlib import Path
from typing import Final

import apsw

from posthouse.sim.whatif import Recorded
from posthouse.store.sqlite import file

MOST: Final = 200_000
"""So many of the newest attempts are read."""

ATTEMPTS: Final = """
SELECT pool, message, started_at, provider, outcome, max(0.0, finished_at - started_at), health, retry_after_s
FROM attempts WHERE outcome IS NOT NULL ORDER BY started_at DESC LIMIT ?
"""


class Unreadable(Exception):
    """The store cannot be read; the text says why."""


def recorded(path: Path) -> dict[str, list[Recorded]]:
    """pool → its attempts, the newest MOST of the file. Unreadable where there is no store to read."""
    if not path.is_file():
        raise Unreadable(f"{path}: there is no such store")
    pools: dict[str, list[Recorded]] = {}
    try:
        db = file.reader(path)
        try:
            for pool, message, at, provider, outcome, latency_s, health, retry_after_s in db.execute(ATTEMPTS, (MOST,)):
                attempt = Recorded(message, at, provider, outcome, latency_s, (health or 0) < 0, retry_after_s)
                pools.setdefault(pool, []).append(attempt)
        finally:
            db.close()
    except apsw.Error as error:
        raise Unreadable(f"{path} cannot be read as a store: {error}") from error
    return pools
