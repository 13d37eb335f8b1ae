"""Waiting inside one process: for work to become due, for a message to be settled."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from posthouse.store.values import Cancel, Delay, Ending, Entry, Intent, Receipt, Release, Result

ENDING: Final = (Result, Ending, Cancel)
GIVING_BACK: Final = (Delay, Release)


def news_of(items: Sequence[Any], answers: Sequence[Any]) -> tuple[bool, list[str]]:
    """Of a call that is on disk: whether something may be due by it, and the ids of the messages that may be over."""
    first, due = items[0], False
    ended: list[str] = []
    if isinstance(first, Entry):
        for answer in answers:
            due = due or not isinstance(answer, Receipt) or not answer.begun
    elif isinstance(first, ENDING):
        for item, answer in zip(items, answers, strict=True):
            if isinstance(item, Result) and item.due_at is not None:
                due = True
            elif answer is True or answer == "cancelled":  # what was too late has ended nothing
                ended.append(item.id)
    elif isinstance(first, Intent):
        due = not all(answers)  # one that did not hold may have given its message back
    elif isinstance(first, GIVING_BACK):
        due = True
    return due, ended


class Settlements:
    """Who waits for the end of which message."""

    def __init__(self) -> None:
        self._watched: dict[str, list[asyncio.Event]] = {}

    @contextmanager
    def watch(self, message_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the message is settled while the block runs."""
        event = asyncio.Event()
        watchers = self._watched.setdefault(message_id, [])
        watchers.append(event)
        try:
            yield event
        finally:
            watchers.remove(event)
            if not watchers:
                self._watched.pop(message_id, None)

    def settle(self, message_id: str) -> None:
        for event in self._watched.get(message_id, ()):
            event.set()

    def settle_all(self) -> None:
        """Let everybody look for himself."""
        for events in self._watched.values():
            for event in events:
                event.set()


async def signalled(event: asyncio.Event, timeout_s: float) -> bool:
    """Whether the event was set in time."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
