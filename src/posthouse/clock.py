"""The one place that asks the time and waits. Instants are floats: seconds since the epoch, UTC."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of the house may know of time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary point, never stepping back: for durations only."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    now = staticmethod(time.time)  # noqa: TID251  this is the module the rule points to
    monotonic = staticmethod(time.monotonic)  # noqa: TID251
    sleep = staticmethod(asyncio.sleep)


def rfc3339(instant: float) -> str:
    """An instant as RFC 3339 in UTC with milliseconds: `2026-11-23T09:05:07.123Z`."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
