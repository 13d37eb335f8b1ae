"""How fast a provider may be asked: its configured rate, and the pause it asked for itself."""

from math import inf, nextafter
from typing import Final

import msgspec

from posthouse.routing.rules import Rate

PAUSE_MIN_S: Final = 1.0
PAUSE_MAX_S: Final = 3600.0
"""A provider's Retry-After is believed within these bounds: it cannot park mail for a week, nor ask for a storm."""

QUOTA_PAUSE_S: Final = 3600.0
"""Where a quota is used up and the provider does not say until when: asked again once an hour."""


class Pace(msgspec.Struct, frozen=True):
    """next_at: the earliest start the rate allows. paused_until: the provider asked for silence until then.

    throttles: how often in a row, to double the pause where it names none. Times in seconds since the epoch.
    """

    next_at: float = 0.0
    paused_until: float = 0.0
    throttles: int = 0

    @property
    def ready_at(self) -> float:
        return max(self.next_at, self.paused_until)


FREE = Pace()


def started(pace: Pace, rate: Rate | None, now: float) -> Pace:
    """One send has started. Starts are spaced evenly, so no sliding window ever holds more than the rate."""
    if rate is None:
        return pace
    # The next float after the sum: rounded down, a thousand spacings of a millisecond fall short of a second.
    next_at = nextafter(max(now, pace.next_at) + rate.per_s / rate.count, inf)
    return msgspec.structs.replace(pace, next_at=next_at)


def throttled(pace: Pace, retry_after_s: float | None, now: float, *, quota: bool) -> Pace:
    """The provider said not so fast."""
    anew = now >= pace.paused_until  # otherwise it answers a send that left before the pause began
    if retry_after_s is None:
        if not (anew or quota):
            return pace
        retry_after_s = QUOTA_PAUSE_S if quota else PAUSE_MIN_S * 2.0 ** min(pace.throttles, 6)
    pause = min(PAUSE_MAX_S, max(PAUSE_MIN_S, retry_after_s))
    return Pace(pace.next_at, max(pace.paused_until, now + pause), pace.throttles + anew)


def eased(pace: Pace) -> Pace:
    """The provider took a message: the doubling of pauses starts afresh."""
    return msgspec.structs.replace(pace, throttles=0) if pace.throttles else pace
