"""How much is unfinished, asked of the store as seldom as the answer is dear."""

import asyncio
from math import inf
from typing import Final

from posthouse.clock import Clock
from posthouse.store.contract import Reading
from posthouse.store.values import Backlog

DEAR: Final = 20.0
"""So many times as long as the last answer took the next question waits: at most a twentieth of a reader's time."""


class Backlogs:
    """The last answer, while it is young enough. However many ask, one question at a time goes to the store."""

    def __init__(self) -> None:
        self._last: Backlog | None = None
        self._again_at = -inf
        self._asking = asyncio.Lock()

    async def now(self, store: Reading, clock: Clock) -> Backlog:
        """Of this moment, or of one not long ago. StoreDown where it cannot be told."""
        async with self._asking:
            began = clock.monotonic()
            if self._last is None or began >= self._again_at:
                self._last = await store.backlog(clock.now())
                ended = clock.monotonic()
                self._again_at = ended + DEAR * (ended - began)
            return self._last
