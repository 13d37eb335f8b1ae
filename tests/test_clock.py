import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from posthouse.clock import Clock, SystemClock, rfc3339

HUNDRED_YEARS_S = 3_155_760_000.0


def test_the_systems_clock_is_a_clock() -> None:
    clock: Clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert abs(clock.now() - datetime.now(UTC).timestamp()) < 60  # noqa: TID251  what it is compared with


async def test_it_sleeps_on_the_loop() -> None:
    clock, awake = SystemClock(), list[str]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        awake.append(name)

    await asyncio.gather(sleeper("later", 0.002), sleeper("at once", 0))
    assert awake == ["at once", "later"]


def test_an_instant_is_written_in_utc_with_milliseconds() -> None:
    assert rfc3339(1_795_424_707.1234) == "2026-11-23T09:05:07.123Z"
    assert rfc3339(0.0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(2.0**31) == "2038-01-19T03:14:08.000Z"


@given(st.floats(0, HUNDRED_YEARS_S))
def test_what_is_written_is_read_back_to_the_millisecond(instant: float) -> None:
    text = rfc3339(instant)
    assert len(text) == len("2026-11-23T09:05:07.123Z")
    assert abs(instant - datetime.fromisoformat(text).timestamp()) < 0.00101
