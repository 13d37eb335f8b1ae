"""The attempts that begin and are not on disk yet: nobody can count them."""

import asyncio


class Departing:
    """By the ids of their messages, each once at a time."""

    def __init__(self) -> None:
        self._messages = set[str]()
        self._moved = asyncio.Event()

    def begins(self, message_id: str) -> None:
        self._messages.add(message_id)

    def known(self, message_id: str) -> None:
        """It is on disk by now, or is not to begin after all."""
        self._messages.discard(message_id)
        self._moved.set()

    async def all_known(self) -> None:
        """Wait for those that depart at this moment; not for whoever comes after."""
        left = set(self._messages)
        while not left.isdisjoint(self._messages):
            self._moved.clear()
            await self._moved.wait()
