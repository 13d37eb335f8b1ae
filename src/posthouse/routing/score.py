"""A score that falls with failures and heals with successes and with time.

By default health falls to 0.9 of itself with each failure and rises a tenth of the way to 1 with each success; the
score leaves the base at once on a failure and returns to it linearly within 300 s of the last one.
"""

from typing import Final

import msgspec

from posthouse.routing.rules import ScoreRules

REFERENCE: Final = ScoreRules()
RESTORE_S: Final = REFERENCE.restore_s
HIGHEST: Final = 100.0


class Health(msgspec.Struct, frozen=True):
    """health: 0 to 1. failed_at: seconds since the epoch of the last failure that counted."""

    health: float = 1.0
    failed_at: float = 0.0


WELL = Health()


def succeeded(state: Health, rules: ScoreRules = REFERENCE) -> Health:
    if state.health >= 1.0:
        return state
    return Health(min(1.0, rules.degrade * state.health + rules.gain), state.failed_at)


def failed(state: Health, now: float, rules: ScoreRules = REFERENCE) -> Health:
    return Health(rules.degrade * state.health, max(now, state.failed_at))


def score(state: Health, base: float, now: float, rules: ScoreRules = REFERENCE) -> float:
    """The score at `now`, between 0 and 100."""
    healed = min(1.0, max(0.0, (now - state.failed_at) / rules.restore_s))
    return min(HIGHEST, max(0.0, base * (healed + state.health * (1.0 - healed))))
