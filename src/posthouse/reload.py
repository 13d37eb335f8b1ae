"""Takes a changed configuration over while everything runs. A broken one changes nothing, and is told everywhere."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from posthouse.clock import Clock
from posthouse.config import Config
from posthouse.config.difference import changed, waits_for_restart
from posthouse.config.problem import Problem
from posthouse.telemetry import log, warn

LOOK_S = 1.0
"""How often the file is looked at."""

Load = Callable[[], Config | list[Problem]]
Stamp = tuple[int, int, int] | None
"""What tells one version of a file from the next: inode, size, time of change in nanoseconds. None: there is none."""


class Loaded(msgspec.Struct, frozen=True):
    """What came of the last reload, or of the start. at: epoch seconds.

    problems: why it was not taken over; empty when it was. changed: paths of settings that are different since.
    waiting: those of them that are in force after the next start only.
    """

    at: float
    problems: tuple[Problem, ...] = ()
    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class Reload:
    """load(): reads the configuration anew. apply(config): puts it in force, at once and as a whole; it cannot fail."""

    def __init__(self, clock: Clock, load: Load, apply: Callable[[Config], None], running: Config) -> None:
        self._clock, self._load, self._apply = clock, load, apply
        self.running = running
        self.last = Loaded(clock.now())

    def reload(self) -> Loaded:
        """Read it again, and take it over if all of it is sound."""
        now, found = self._clock.now(), self._load()
        if isinstance(found, Config):
            return self.take(found)
        self.last = Loaded(now, problems=tuple(found))
        warn("the configuration is broken; the one before stays in force", reason="; ".join(map(str, found)))
        return self.last

    def take(self, config: Config) -> Loaded:
        """Put a sound configuration in force."""
        paths = changed(self.running, config)
        waiting = waits_for_restart(paths)
        self._apply(config)
        self.running = config
        self.last = Loaded(self._clock.now(), changed=tuple(paths), waiting=tuple(waiting))
        if paths:
            log("configuration reloaded", reason="changed: " + ", ".join(paths))
        if waiting:
            warn("a part of the new configuration waits for a restart", reason=", ".join(waiting))
        return self.last

    async def watching(self, file: Path) -> None:
        """Reload whenever the file has changed and has been still for one look, until cancelled."""
        seen = taken = stamp(file)
        while True:
            await self._clock.sleep(LOOK_S)
            now = stamp(file)
            # Written in place it is seen half written: only what two looks in a row agree on is read.
            if now == seen and now != taken and now is not None:
                taken = now
                self.reload()
            seen = now


def stamp(file: Path) -> Stamp:
    """The version of the file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
