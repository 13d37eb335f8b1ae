"""Time that stands still until a test moves it."""

import asyncio
from heapq import heappop, heappush
from typing import Final

NOW: Final = 1_800_000_000.0


class FakeClock:
    """Who sleeps wakes when `advance` has come so far, in the order of their times."""

    def __init__(self, now: float = NOW) -> None:
        self._now, self._jumped = now, 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._news = asyncio.Condition()
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now + self._jumped

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        self.slept.append(seconds)
        waking = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._now + seconds, self._count, waking))
        async with self._news:
            self._news.notify_all()
        await waking

    async def advance(self, seconds: float) -> None:
        """Let so much time pass; whoever wakes has run as far as it gets without waiting for others."""
        until = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            self._now, _, waking = heappop(self._sleepers)
            if not waking.done():
                waking.set_result(None)
                await asyncio.sleep(0)
        self._now = until

    def jump(self, seconds: float) -> None:
        """Set the clock on the wall; nobody has slept longer for it."""
        self._jumped += seconds

    async def sleeping(self, count: int) -> None:
        """Wait until so many have gone to sleep, since the beginning."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.slept) >= count)
