"""How many sends of a day and of a month a provider has left, in UTC.

What counts: sends that were accepted, sends that ended in doubt, and those still on their way. So no send ever starts
that could be one above the quota. A send belongs to the day in which it began.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from posthouse.routing.rules import Candidate

DAY_S: Final = 86400.0


class Spent(msgspec.Struct, frozen=True):
    """Sends counted in the UTC day and the calendar month of `as_of`; last_start: when the last one began.

    resumed_at: when these numbers were read from the store; a send that began before is in them already. Times in
    seconds since the epoch.
    """

    today: int = 0
    month: int = 0
    as_of: float = 0.0
    last_start: float = 0.0
    resumed_at: float = 0.0


UNSPENT: Final = Spent()


def counted(spent: Spent, began: float) -> Spent:
    """One more send that counts. One that began on an earlier day is of that day's month alone."""
    if began < spent.resumed_at:
        return spent
    days = began // DAY_S - spent.as_of // DAY_S
    if days == 0:
        as_of = max(spent.as_of, began)  # so the order in which they are counted makes no difference
        return Spent(spent.today + 1, spent.month + 1, as_of, spent.last_start, spent.resumed_at)
    same_month = _month(began) == _month(spent.as_of)
    if days > 0:
        return Spent(1, spent.month + 1 if same_month else 1, began, spent.last_start, spent.resumed_at)
    return msgspec.structs.replace(spent, month=spent.month + 1) if same_month else spent


def left(candidate: "Candidate", spent: Spent, in_flight: int, now: float) -> tuple[int | None, int | None]:
    """(today, this month): how many more sends may start by the quotas of the candidate; None where it has none."""
    today = month = None
    if candidate.daily is not None:
        today = max(0, candidate.daily - spent_today(spent, now) - in_flight)
    if candidate.monthly is not None:
        month = max(0, candidate.monthly - spent_this_month(spent, now) - in_flight)
    return today, month


def spent_today(spent: Spent, now: float) -> int:
    """Sends that count in the day of `now`."""
    return spent.today if now // DAY_S <= spent.as_of // DAY_S else 0


def spent_this_month(spent: Spent, now: float) -> int:
    """Sends that count in the calendar month of `now`."""
    same = now // DAY_S <= spent.as_of // DAY_S or _month(now) <= _month(spent.as_of)
    return spent.month if same else 0


def used_up(candidate: "Candidate", spent: Spent, now: float) -> tuple[float, str] | None:
    """(until, why) no more sends fit, whatever becomes of those on their way; None where some may."""
    if candidate.monthly is not None and spent_this_month(spent, now) >= candidate.monthly:
        return next_month(now), f"its monthly quota of {candidate.monthly} is used up"
    if candidate.daily is not None and spent_today(spent, now) >= candidate.daily:
        return next_day(now), f"its daily quota of {candidate.daily} is used up"
    return None


def this_day(now: float) -> float:
    """The last midnight, UTC."""
    return now // DAY_S * DAY_S


def this_month(now: float) -> float:
    """The first moment of the calendar month, UTC."""
    date = datetime.fromtimestamp(now, UTC)
    return datetime(date.year, date.month, 1, tzinfo=UTC).timestamp()


def next_day(now: float) -> float:
    """The next midnight, UTC."""
    return (now // DAY_S + 1.0) * DAY_S


def next_month(now: float) -> float:
    """The first moment of the next calendar month, UTC."""
    year, month = divmod(_month(now) + 1, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC).timestamp()


def _month(now: float) -> int:
    """Months since the year 0."""
    date = datetime.fromtimestamp(now, UTC)
    return date.year * 12 + date.month - 1
