"""Leaves out what is said too often, and counts it."""


class _Count:
    """Of one event: so many were said in the second that ends at `until`, so many left out and not told yet."""

    __slots__ = ("left_out", "said", "until")

    def __init__(self) -> None:
        self.until, self.said, self.left_out = 0, 0, 0


class Sampler:
    """Of each event the first `first` of a second are let through, then one in `one_in`; 0 of it: none.

    For events of which there are few: each is remembered.
    """

    def __init__(self, first: int, one_in: int) -> None:
        self._first, self._one_in = first, one_in
        self._counts: dict[str, _Count] = {}

    def take(self, event: str, now: float) -> int | None:
        """How many of it were left out since the last that was let through; None: so is this one. now: in seconds."""
        count = self._counts.get(event)
        if count is None:
            count = self._counts[event] = _Count()
        if now >= count.until:
            count.until, count.said = int(now) + 1, 0
        count.said = said = count.said + 1
        beyond = said - self._first
        if beyond > 0 and (not self._one_in or beyond % self._one_in):
            count.left_out += 1
            return None
        left_out, count.left_out = count.left_out, 0
        return left_out

    def rest(self) -> dict[str, int]:
        """What was left out of each event and not told yet; it counts as told now."""
        rest = {event: count.left_out for event, count in self._counts.items() if count.left_out}
        for event in rest:
            self._counts[event].left_out = 0
        return rest
