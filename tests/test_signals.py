import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from posthouse.signals import end_with, heed_signals

STOPPING = "stopping: what has begun is finished first"


class Counted:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.stops = self.reloads = 0
        self.told = asyncio.Event()

    def stop(self) -> None:
        self.stops += 1
        self.told.set()

    def reload(self) -> None:
        self.reloads += 1
        self.told.set()


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_to_stop_once_and_the_next_one_ends_the_process_where_it_stands(
    number: signal.Signals, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO", "posthouse")
    left = list[int]()
    monkeypatch.setattr(os, "_exit", left.append)
    counted = Counted()
    heed_signals(counted)
    os.kill(os.getpid(), number)
    await counted.told.wait()
    for again in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), again)
    assert (counted.stops, counted.reloads, caplog.messages) == (1, 0, [STOPPING])
    assert left == [128 + signal.SIGTERM, 128 + signal.SIGINT]


async def test_a_hangup_asks_to_read_the_configuration_anew_each_time() -> None:
    counted = Counted()
    heed_signals(counted)
    for times in (1, 2):
        os.kill(os.getpid(), signal.SIGHUP)
        await counted.told.wait()
        counted.told.clear()
        assert (counted.reloads, counted.stops) == (times, 0)


async def test_the_end_of_a_pipe_is_heeded_once() -> None:
    alive, held = os.pipe()
    counted = Counted()
    end_with(counted, alive)
    os.close(held)
    await counted.told.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    assert counted.stops == 1
    os.close(alive)
