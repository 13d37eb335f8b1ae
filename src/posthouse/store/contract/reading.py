"""Looking, without changing anything."""

from typing import Protocol

from posthouse.store.values import Backlog, Mismatch, Once, Page, Query, Receipt, Record, Stored


class Reading(Protocol):
    """For those who look."""

    async def find(self, message_id: str, pool: str | None) -> Record | None:
        """Everything about one message; None when there is none in that pool."""
        ...

    async def content(self, message_id: str, pool: str | None) -> Stored | None:
        """One message as it was accepted; None when there is none in that pool."""
        ...

    async def remembered(self, pool: str, once: Once, now: float) -> Receipt | Mismatch | None:
        """What `add` answers to whoever comes with this key; None where it is free."""
        ...

    async def page(self, query: Query) -> Page:
        """One page of records. What arrives or ends meanwhile moves nothing from one page to another."""
        ...

    async def settled(self, message_id: str, timeout_s: float) -> None:
        """Return when the message has reached a state in which nothing more is owed, or after the timeout."""
        ...

    async def accepted(self, since: float) -> dict[tuple[str, str], int]:
        """(pool, name of the key) → messages accepted since that instant, of the keys whose messages are counted."""
        ...

    async def waiting(self, now: float) -> float:
        """Age in seconds of the oldest message that is due and held by nobody; 0 when there is none."""
        ...

    async def backlog(self, now: float) -> Backlog:
        """How many messages are unfinished, and how long they wait. It walks over all of them: ask seldom."""
        ...
