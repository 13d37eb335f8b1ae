"""What a scalar of a scenario may be: a duration, a share, a limit. Each is told by its unit, so 5 and 5m differ."""

import re
from collections.abc import Callable
from typing import Any, Final

from posthouse.routing.rules import Rate

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|[smhd])")
_DURATION: Final = re.compile(f"({_PART.pattern})+")
_PERCENT: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")
_LIMIT: Final = re.compile(r"([1-9][0-9]{0,8}) ?/ ?([smhd])")


class Seconds(float):
    """A length of time, or an instant counted from the start of the run."""

    EXPECTED: Final = "expected a duration such as 50ms, 30s, 5m or 1h30m"

    @classmethod
    def read(cls, value: Any) -> "Seconds":
        """ValueError says what was expected."""
        if not isinstance(value, str) or not _DURATION.fullmatch(value):
            raise ValueError(cls.EXPECTED)
        return cls(sum(float(count) * _UNITS_S[unit] for count, unit in _PART.findall(value)))


class Share(float):
    """A part of the whole, 0 to 1."""

    EXPECTED: Final = "expected a share such as 50% or 0.5"

    @classmethod
    def read(cls, value: Any) -> "Share":
        """ValueError says what was expected."""
        if isinstance(value, str) and (percent := _PERCENT.fullmatch(value)):
            value = float(percent[1]) / 100.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(cls.EXPECTED)
        return cls(value)


class Limit(str):
    """So many in so much time, as it is written: `10/s`."""

    EXPECTED: Final = "expected a rate such as 14/s, 100/m or 5000/h"
    __slots__ = ()

    @classmethod
    def read(cls, value: Any) -> "Limit":
        """ValueError says what was expected."""
        if not isinstance(value, str) or not _LIMIT.fullmatch(value):
            raise ValueError(cls.EXPECTED)
        return cls(value)

    @property
    def rate(self) -> Rate:
        count, _, unit = self.replace(" ", "").partition("/")
        return Rate(int(count), _UNITS_S[unit])


UNITS: Final[dict[type, Callable[[Any], Any]]] = {Seconds: Seconds.read, Share: Share.read, Limit: Limit.read}
"""Kind of scalar → how it is read."""
