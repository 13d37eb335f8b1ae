from typing import Any

import pytest

from posthouse.routing.rules import Rate
from posthouse.sim.units import Limit, Seconds, Share


@pytest.mark.parametrize(
    ("written", "seconds"), [("50ms", 0.05), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("1.5s", 1.5)]
)
def test_a_duration_is_told_by_its_units(written: str, seconds: float) -> None:
    assert Seconds.read(written) == pytest.approx(seconds)


@pytest.mark.parametrize("written", [5, 5.0, "5", "m", "", "5 m", "-5m", None, True])
def test_a_number_without_a_unit_is_no_duration(written: Any) -> None:
    with pytest.raises(ValueError, match="expected a duration such as"):
        Seconds.read(written)


@pytest.mark.parametrize(
    ("written", "share"), [("50%", 0.5), ("5 %", 0.05), (0.25, 0.25), (1, 1.0), (0, 0.0), ("0.5%", 0.005)]
)
def test_a_share_is_a_percentage_or_a_number_up_to_one(written: Any, share: float) -> None:
    assert Share.read(written) == pytest.approx(share)


@pytest.mark.parametrize("written", ["150%", 1.5, -0.1, True, "half", None, []])
def test_a_share_is_never_more_than_the_whole(written: Any) -> None:
    with pytest.raises(ValueError, match="expected a share such as"):
        Share.read(written)


def test_a_limit_is_a_count_and_a_time() -> None:
    assert Limit.read("10/s").rate == Rate(10, 1.0)
    assert Limit.read("5000 / h").rate == Rate(5000, 3600.0)


@pytest.mark.parametrize("written", ["10", "0/s", "10/w", 10, None])
def test_anything_else_is_no_limit(written: Any) -> None:
    with pytest.raises(ValueError, match="expected a rate such as"):
        Limit.read(written)
