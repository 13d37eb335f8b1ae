"""Counting on the way of a message: integers in dicts, changed between awaits, so that nothing needs a lock."""

from bisect import bisect_left
from collections import defaultdict

from posthouse.metrics.described import ATTEMPT_S, CANARY_S, COMMIT_ITEMS, COMMIT_S, REQUEST_S
from posthouse.metrics.snapshot import Spread

Line = tuple[str, str]
"""(pool, provider)"""


class Spreading:
    """How values spread over buckets. edges: the upper edge of each but the last, which has none.

    One thread adds; another may take the value at any time, and then may miss the newest.
    """

    __slots__ = ("_counts", "_edges", "_total")

    def __init__(self, edges: tuple[float, ...]) -> None:
        self._edges = edges
        self._counts = [0] * (len(edges) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._edges, value)] += 1
        self._total += value

    def value(self) -> Spread:
        return Spread(tuple(self._counts), self._total)


class Tally:
    """What one process has counted since it started.

    accepted: (pool, door). attempts: (pool, provider, outcome). ended: (pool, status). duplicates: pool. requests:
    (route, status). canaries: (pool, provider, status); canary_seconds: (pool, provider, until). The commits are added
    up by the thread that writes, everything else by the event loop.
    """

    __slots__ = (
        *("accepted", "attempt_seconds", "attempts", "canaries", "canary_seconds", "commit_items", "commit_seconds"),
        *("duplicates", "ended", "request_seconds", "requests"),
    )

    def __init__(self) -> None:
        self.accepted: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.attempts: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self.attempt_seconds: defaultdict[Line, Spreading] = defaultdict(lambda: Spreading(ATTEMPT_S))
        self.ended: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.duplicates: defaultdict[str, int] = defaultdict(int)
        self.requests: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.canaries: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self.canary_seconds: defaultdict[tuple[str, str, str], Spreading] = defaultdict(lambda: Spreading(CANARY_S))
        self.request_seconds = Spreading(REQUEST_S)
        self.commit_seconds = Spreading(COMMIT_S)
        self.commit_items = Spreading(COMMIT_ITEMS)

    def attempted(self, pool: str, provider: str, outcome: str, seconds: float | None) -> None:
        """An attempt ended. seconds: None where nobody saw how long it took."""
        self.attempts[pool, provider, outcome] += 1
        if seconds is not None:
            self.attempt_seconds[pool, provider].add(seconds)

    def requested(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self.requests[route, status] += 1
        self.request_seconds.add(seconds)
