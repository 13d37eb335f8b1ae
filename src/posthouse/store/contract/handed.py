"""Handing in, and taking back."""

from asyncio import Future
from collections.abc import Sequence
from typing import Protocol

from posthouse.mail.event import Status
from posthouse.store.values import Cancel, Entry, Mismatch, Receipt


class Inbox(Protocol):
    """For intake."""

    def add(self, entries: Sequence[Entry]) -> Future[list[Receipt | Mismatch]]:
        """Message, content, first event and idempotency key of each entry, on disk. In the order of the entries.

        An entry that is `begun` is leased to the caller, under the fence 1, and its attempt written down. Where one of
        its recipients is suppressed it is not: it waits for a claim, like all others, and its receipt says so.
        """
        ...


class Recall(Protocol):
    """For whoever takes a message back."""

    async def cancel(self, items: Sequence[Cancel]) -> list[Status | None]:
        """The status of each message afterwards: `cancelled` where nothing was sent yet; None where there is none.

        Atomic against `intend`: a cancelled message is never sent, a message whose attempt has begun is not cancelled.
        """
        ...
