"""What tells a process to stop or to read its configuration anew: signals, and the pipe of its supervisor."""

import asyncio
import os
import signal
from types import FrameType
from typing import Protocol

from posthouse.telemetry import log


class Told(Protocol):
    """Who is told."""

    def stop(self) -> None: ...

    def reload(self) -> None: ...


def heed_signals(told: Told) -> None:
    """SIGTERM and SIGINT drain; a second one ends the process where it stands. SIGHUP reloads the configuration."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        log("stopping: what has begun is finished first")
        told.stop()
        for again in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(again)
            signal.signal(again, _leave)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    loop.add_signal_handler(signal.SIGHUP, told.reload)


def end_with(told: Told, alive: int) -> None:
    """Stop when that pipe ends: its number. It stays readable then: it is looked at once."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(alive)
        told.stop()

    loop.add_reader(alive, ended)


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
