"""Waiting inside one process: for work to become due, for a message to be settled."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


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
