"""A score that falls with failures and heals with successes and with time.

health falls to 0.9 of itself with each failure and rises a tenth of the way to 1 with each success; the score
leaves the base at once on a failure and returns to it linearly within 300 s of the last one.
"""

from typing import Final

import msgspec

DEGRADE: Final = 0.9
GAIN: Final = 0.1
RESTORE_S: Final = 300.0
HIGHEST: Final = 100.0


class Health(msgspec.Struct, frozen=True):
    """health: 0 to 1. failed_at: seconds since the epoch of the last failure that counted."""

    health: float = 1.0
    failed_at: float = 0.0


WELL = Health()


def succeeded(state: Health) -> Health:
    if state.health >= 1.0:
        return state
    return Health(min(1.0, DEGRADE * state.health + GAIN), state.failed_at)


def failed(state: Health, now: float) -> Health:
    return Health(DEGRADE * state.health, max(now, state.failed_at))


def score(state: Health, base: float, now: float) -> float:
    """The score at `now`, between 0 and 100."""
    healed = min(1.0, max(0.0, (now - state.failed_at) / RESTORE_S))
    return min(HIGHEST, max(0.0, base * (healed + state.health * (1.0 - healed))))
