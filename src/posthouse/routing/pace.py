"""How fast a provider may be asked: its configured rate, the pause it asked for, and the rate learnt from that.

After a throttling the provider carries half of what it was seen to be given, and from the end of the pause more and
more, evenly with time; once that is well above what was seen, or above the configured rate, it is forgotten.
"""

from math import inf, nextafter
from typing import Final

import msgspec

from posthouse.routing.rules import Rate

PAUSE_MIN_S: Final = 1.0
PAUSE_MAX_S: Final = 3600.0
"""A provider's Retry-After is believed within these bounds: it cannot park mail for a week, nor ask for a storm."""

QUOTA_PAUSE_S: Final = 3600.0
"""Where a quota is used up and the provider does not say until when: asked again once an hour."""

RECOVER_S: Final = 60.0
"""So long after the pause the learnt limit is back at what was seen when the provider throttled."""

FORGOTTEN_AT: Final = 2.0
"""The learnt limit is forgotten at so many times what was seen."""


class Pace(msgspec.Struct, frozen=True):
    """next_at: the earliest start the rates allow. paused_until: the provider asked for silence until then.

    throttles: how often in a row, to double the pause where it names none. second, starts, before: sends started in
    that second, and in the one before. seen: starts per second when it last throttled; 0 where nothing is learnt.
    Times in seconds since the epoch.
    """

    next_at: float = 0.0
    paused_until: float = 0.0
    throttles: int = 0
    second: int = 0
    starts: int = 0
    before: int = 0
    seen: int = 0

    @property
    def ready_at(self) -> float:
        return max(self.next_at, self.paused_until)


FREE = Pace()


def started(pace: Pace, rate: Rate | None, now: float) -> Pace:
    """One send has started. Starts are spaced evenly, so no sliding window ever holds more than the rate."""
    second, limit = int(now), learnt(pace, now)
    spacing = 0.0 if rate is None else rate.per_s / rate.count
    if limit is not None:
        spacing = max(spacing, 1.0 / limit)
    # The next float after the sum: rounded down, a thousand spacings of a millisecond fall short of a second.
    next_at = nextafter(max(now, pace.next_at) + spacing, inf) if spacing else pace.next_at
    seen = 0 if limit is None else pace.seen
    if second == pace.second:
        return Pace(next_at, pace.paused_until, pace.throttles, second, pace.starts + 1, pace.before, seen)
    before = pace.starts if second == pace.second + 1 else 0
    return Pace(next_at, pace.paused_until, pace.throttles, second, 1, before, seen)


def resumed(pace: Pace, rate: Rate | None, last_start: float) -> Pace:
    """The pace where another process started a send at `last_start`: the next one keeps its distance from that."""
    if rate is None:
        return pace
    next_at = nextafter(last_start + rate.per_s / rate.count, inf)
    return msgspec.structs.replace(pace, next_at=max(pace.next_at, next_at))


def throttled(pace: Pace, retry_after_s: float | None, now: float, *, quota: bool) -> Pace:
    """The provider said not so fast."""
    anew = now >= pace.paused_until  # otherwise it answers a send that left before the pause began
    if retry_after_s is None:
        if not (anew or quota):
            return pace
        retry_after_s = QUOTA_PAUSE_S if quota else PAUSE_MIN_S * 2.0 ** min(pace.throttles, 6)
    pause = min(PAUSE_MAX_S, max(PAUSE_MIN_S, retry_after_s))
    # A quota tells nothing of speed; neither does a throttling where no send of ours was seen (after a restart).
    seen = starting(pace, now) if anew and not quota else 0
    return msgspec.structs.replace(
        pace,
        paused_until=max(pace.paused_until, now + pause),
        throttles=pace.throttles + anew,
        seen=seen or pace.seen,
    )


def eased(pace: Pace) -> Pace:
    """The provider took a message: the doubling of pauses starts afresh."""
    return msgspec.structs.replace(pace, throttles=0) if pace.throttles else pace


def starting(pace: Pace, now: float) -> int:
    """Sends started per second of late: the busier one of this second and the one before."""
    match int(now) - pace.second:
        case 0:
            return max(pace.starts, pace.before)
        case 1:
            return pace.starts
        case -1:  # another process was told so, and this one hears of it now
            return pace.before
        case _:
            return 0


def learnt(pace: Pace, now: float) -> float | None:
    """The starts per second that a throttling taught, recovered until `now`; None where nothing limits."""
    if not pace.seen:
        return None
    half = pace.seen / 2.0
    limit = half + max(half, 1.0) * max(0.0, now - pace.paused_until) / RECOVER_S
    return limit if limit < FORGOTTEN_AT * pace.seen else None
