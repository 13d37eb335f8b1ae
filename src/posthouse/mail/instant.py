"""Instants and durations as requests write them: RFC 3339 and `90s`, `5m`, `2h`, `1d`."""

import re
from datetime import UTC, datetime
from typing import Final

from posthouse.mail.problem import Flaw

FORMAT: Final = Flaw("time-format", "Expected an instant with its offset, like 2026-11-23T09:05:07Z (RFC 3339).")
RANGE: Final = Flaw("time-range", "Expected an instant between the years 2000 and 2100.")
DURATION: Final = Flaw("duration-format", "Expected a duration from 1s to 366d, like 90s, 5m, 2h or 1d.")

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
LONGEST_S: Final = 366 * 86_400

_instant = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
).fullmatch
_duration = re.compile(r"([0-9]{1,9})([smhd])").fullmatch
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def instant(text: str) -> float | Flaw:
    """An RFC 3339 instant of this century, at which something is to happen, as seconds since the epoch, UTC."""
    at = moment(text)
    return at if isinstance(at, Flaw) or EARLIEST <= at < LATEST else RANGE


def moment(text: str) -> float | Flaw:
    """Any RFC 3339 instant as seconds since the epoch, UTC. A leap second counts as the first of the next minute."""
    found = _instant(text)
    if found is None:
        return FORMAT
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    offset_hours, offset_minutes = int(found[9] or 0), int(found[10] or 0)
    leap = second == 60
    if offset_hours > 23 or offset_minutes > 59:
        return FORMAT
    try:
        local = datetime(year, month, day, hour, minute, second - leap, tzinfo=UTC).timestamp()
    except ValueError:
        return FORMAT
    offset = (offset_hours * 3_600 + offset_minutes * 60) * (-1 if found[8] == "-" else 1)
    return local + leap + float(found[7] or 0) - offset


def duration(text: str) -> float | Flaw:
    """A duration such as `5m` in seconds."""
    found = _duration(text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    return float(seconds) if 0 < seconds <= LONGEST_S else DURATION
