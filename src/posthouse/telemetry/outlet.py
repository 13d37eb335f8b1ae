"""Where the lines of the log go out: a stream whose reader is never waited for."""

import logging
import select
from collections.abc import Callable
from contextlib import suppress
from os import write
from typing import Final, TextIO

MOST: Final = 4096
"""Bytes that a pipe which says it is ready takes at once (PIPE_BUF of Linux)."""


class Outlet(logging.Handler):
    """What cannot be written at once is lost: a full disk or a reader that stands still must not stop the mail.

    The next line that can be written comes after one that says how many were lost. stream: None where there is none.
    lost: makes that line.
    """

    def __init__(self, stream: TextIO | None, lost: Callable[[int], logging.LogRecord]) -> None:
        super().__init__()
        self._stream, self._tell = stream, lost
        self._lost = 0
        self._number: int | None = None
        if stream is not None:
            with suppress(OSError, ValueError):  # it stands for no file: tests have such
                self._number = stream.fileno()
                self._ready = select.poll()
                self._ready.register(self._number, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        if self._lost and self._written(self._tell(self._lost)):
            self._lost = 0
        if self._lost or not self._written(record):
            self._lost += 1

    def _written(self, record: logging.LogRecord) -> bool:
        try:
            return self._out(f"{self.format(record)}\n")
        except Exception:  # whatever was done when this was said must not fail for it
            return False

    def _out(self, line: str) -> bool:
        if self._number is None:
            if self._stream is None:
                return False
            self._stream.write(line)
            return True
        data = line.encode("utf-8", "replace")
        if len(data) > MOST or not self._ready.poll(0):
            return False
        return write(self._number, data) == len(data)
