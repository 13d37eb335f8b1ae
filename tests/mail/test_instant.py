"""Instants and durations."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.instant import DURATION, FORMAT, RANGE, duration, instant
from tests.mail.hostile import hostile

GOOD = {
    "2026-11-23T09:05:07Z": 1795424707.0,
    "2026-11-23t09:05:07z": 1795424707.0,
    "2026-11-23 09:05:07+00:00": 1795424707.0,
    "2026-11-23T09:05:07-00:00": 1795424707.0,
    "2026-11-23T10:05:07+01:00": 1795424707.0,
    "2026-11-23T03:35:07-05:30": 1795424707.0,
    "2026-11-23T09:05:07.250Z": 1795424707.25,
    "2026-12-31T23:59:60Z": 1798761600.0,
    "2027-01-01T00:00:00Z": 1798761600.0,
    "2028-02-29T00:00:00Z": 1835395200.0,
    "2038-01-19T03:14:08Z": 2147483648.0,
}


@pytest.mark.parametrize("text", GOOD)
def test_an_instant_is_seconds_since_the_epoch(text: str) -> None:
    assert instant(text) == GOOD[text]


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorrow", "1795424707", "2026-11-23", "2026-11-23T09:05:07", "2026-11-23T09:05Z", "20261123T090507Z"),
        *("2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T09:60:00Z"),
        *("2026-11-23T09:05:61Z", "2026-11-23T09:05:07+24:00", "2026-11-23T09:05:07+01:60", "2026-11-23T09:05:07.Z"),
        *(
            "0000-01-01T00:00:00Z",
            "2026-11-23T09:05:07Z\n",
            "２０２６-11-23T09:05:07Z",
            "2026-11-23T09:05:07.1234567890Z",
        ),
    ],
    ids=ascii,
)
def test_anything_else_is_no_instant(text: str) -> None:
    assert instant(text) == FORMAT


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:60-23:59",
        "0001-01-01T00:00:00+23:59",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
    ],
)
def test_an_instant_is_of_this_century(text: str) -> None:
    assert instant(text) == RANGE


@given(st.integers(946_900_000, 4_102_300_000), st.integers(0, 999_999), st.integers(-1439, 1439))
def test_every_way_to_write_an_instant_means_the_same(second: int, micro: int, minutes: int) -> None:
    at = datetime.fromtimestamp(second, timezone(timedelta(minutes=minutes))).replace(microsecond=micro)
    assert instant(at.isoformat()) == pytest.approx(second + micro / 1e6, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400), ("366d", 31622400)]
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0s", "5", "m", "-5m", "5 m", "5M", "1.5h", "367d", "999999999d", "5m\n", "٥m", "1h30m"], ids=ascii
)
def test_anything_else_is_no_duration(text: str) -> None:
    assert duration(text) == DURATION


@given(hostile)
def test_nothing_makes_it_fail(text: str) -> None:
    instant(text)
    duration(text)
