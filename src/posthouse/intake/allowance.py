"""How much a key may hand in: so many messages in a time, so many in a day. Pure, but for the place that keeps it."""

from collections.abc import Mapping
from math import ceil
from typing import Final, Literal

import msgspec

from posthouse.intake.caller import Caller
from posthouse.routing.rules import Rate

DAY_S: Final = 86400.0


class Allowance(msgspec.Struct, frozen=True):
    """What one key has used. free_at: when all its rate is free again (epoch seconds). today: accepted in day `day`,
    counted in UTC days since the epoch."""

    free_at: float = 0.0
    day: int = 0
    today: int = 0


class Excess(msgspec.Struct, frozen=True):
    """Too much. limit: which one; most: messages it allows; expected: the same in words.

    retry_after_s: whole seconds, at least 1.
    """

    limit: Literal["rate", "daily"]
    most: int
    expected: str
    retry_after_s: int


UNUSED: Final = Allowance()


def taken(was: Allowance, rate: Rate | None, daily: int | None, count: int, now: float) -> Allowance | Excess:
    """The allowance after `count` messages more, or why they are too many now.

    The rate is a bucket that holds `rate.count` and is filled evenly. A batch that is larger than the bucket waits
    until it is full, and then counts in full: the rate holds in the long run.
    """
    day = int(now // DAY_S)
    today = (was.today if was.day == day else 0) + count
    if daily is not None and today > daily:
        # A batch larger than the limit fits on no day; the wait is then as good as any.
        return Excess("daily", daily, f"at most {daily} messages in a day (UTC)", _whole((day + 1) * DAY_S - now))
    free_at = was.free_at
    if rate is not None:
        cost_s = count * rate.per_s / rate.count
        free_at = max(free_at, now) + cost_s
        early_s = free_at - now - max(rate.per_s, cost_s)
        if early_s > 1e-6:
            expected = f"at most {rate.count} messages in {rate.per_s:g} seconds"
            return Excess("rate", rate.count, expected, _whole(early_s))
    return Allowance(free_at, day, today)


def given_back(was: Allowance, count: int, now: float) -> Allowance:
    """The allowance when `count` of what was taken today was not accepted. The rate counts what was asked for."""
    if was.day != int(now // DAY_S):
        return was
    return Allowance(was.free_at, was.day, max(0, was.today - count))


class Allowances:
    """What every key has used, in this process. counted: accepted today by (pool, name of the key), from before."""

    def __init__(self, counted: Mapping[tuple[str, str], int] | None = None, now: float = 0.0) -> None:
        day = int(now // DAY_S)
        self._used: dict[tuple[str | None, str], Allowance] = {
            key: Allowance(day=day, today=today) for key, today in (counted or {}).items()
        }

    def take(self, caller: Caller, count: int, now: float) -> Excess | None:
        """None: they are within the key's limits, and counted."""
        key = (caller.pool, caller.name)
        found = taken(self._used.get(key, UNUSED), caller.rate, caller.daily, count, now)
        if isinstance(found, Excess):
            return found
        self._used[key] = found
        return None

    def give_back(self, caller: Caller, count: int, now: float) -> None:
        """So many of those that were taken were not accepted in the end."""
        key = (caller.pool, caller.name)
        self._used[key] = given_back(self._used.get(key, UNUSED), count, now)


def _whole(seconds: float) -> int:
    return max(1, ceil(seconds))
