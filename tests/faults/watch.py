"""A clock that is wrong: libfaketime steps the wall clock of a process, while the time that has passed goes on."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LIBRARIES: Final = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
)


def library() -> str | None:
    return next((path for path in LIBRARIES if os.path.exists(path)), None)


def missing() -> str | None:
    """Why a clock cannot be stepped here; None where it can."""
    return None if library() else "libfaketime is not installed"


class Watch:
    """What time a process believes it is: as much off the true one as its file says, at every look."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.step(0)

    def step(self, seconds: int) -> None:
        """So far off from now on; in one moment, since a half-written file would be no time at all."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._file)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment of the processes that go by it."""
        return {
            "LD_PRELOAD": library() or "",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
