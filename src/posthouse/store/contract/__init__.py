"""What a store promises. Slices for those who use it; every method takes a batch and is one transaction.

Values in, values out: no rows, no SQL, no connection passes this line. Instants are seconds since the epoch, UTC.
A method that returns has its writes on disk (fsynced). Each may raise StoreDown: then nothing of the batch is
promised, and nothing may be answered that depends on it.
"""

from typing import Protocol

from posthouse.store.contract.control import Audit, Controls, Restored, Suppressions
from posthouse.store.contract.handed import Inbox, Recall
from posthouse.store.contract.reading import Reading
from posthouse.store.contract.work import Work

__all__ = [
    "Audit",
    "Controls",
    "Inbox",
    "Reading",
    "Recall",
    "Restored",
    "Store",
    "StoreDown",
    "StoreRefused",
    "Suppressions",
    "Work",
]


class StoreDown(Exception):
    """The store cannot take writes now (disk full, I/O error, closed).

    fatal: it never will. lost: only its answer may be missing: all that was asked for may be there.
    """

    def __init__(self, reason: str, *, fatal: bool = False, lost: bool = False) -> None:
        super().__init__(reason)
        self.fatal, self.lost = fatal, lost


class StoreRefused(Exception):
    """The store will not be opened, and why: in use, newer than this version, of another application, not durable."""


class Store(Inbox, Recall, Work, Reading, Controls, Suppressions, Audit, Restored, Protocol):
    """All of it: what the gateway opens and closes."""

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file or the server."""
        ...
