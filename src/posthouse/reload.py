"""Takes a changed configuration over while everything runs. A broken one changes nothing, and is told everywhere."""

from collections.abc import Callable
from pathlib import Path
from socket import gethostname
from typing import Any, Final

import msgspec

from posthouse.clock import Clock
from posthouse.config import Config
from posthouse.config import problem as config_problem
from posthouse.config.changes import changes
from posthouse.config.difference import changed, waits_for_restart
from posthouse.config.masked import masked, restored
from posthouse.config.write import write
from posthouse.mail.problem import Problem
from posthouse.providers.catalogue import SPECS
from posthouse.store.contract import Audit, StoreDown
from posthouse.store.values import Change, Who
from posthouse.telemetry import log, warn
from posthouse.web.administration import Reloaded

LOOK_S: Final = 1.0
"""How often the file is looked at."""

Parsed = Config | list[config_problem.Problem]
Stamp = tuple[int, int, int] | None
"""What tells one version of a file from the next: inode, size, time of change in nanoseconds. None: there is none."""


class Reload:
    """The `Administration` of a process.

    load(): reads the configuration anew. parse(data): reads one that is to take its place. apply(config): puts it in
    force, at once and as a whole; ValueError says why it cannot be, and then nothing has changed. tell(changes): is
    given what the audit says of each that was taken over.
    """

    def __init__(
        self,
        clock: Clock,
        load: Callable[[], Parsed],
        parse: Callable[[bytes], Parsed],
        apply: Callable[[Config], None],
        running: Config,
        tell: Callable[[list[Change]], None] = lambda changes: None,
    ) -> None:
        self._clock, self._load, self._parse, self._apply, self._tell = clock, load, parse, apply, tell
        self.running = running
        self.last = Reloaded(clock.now())

    def document(self) -> Any:
        """What the file says, secrets hidden. Without a file: that there is none."""
        file = self.running.source
        if file is None:
            return {"source": self.running.mode}
        return masked(file.read_text(encoding="utf-8"), SPECS)

    def reload(self, who: Who) -> Reloaded:
        """Read it again, and take it over if all of it is sound."""
        once = self._version()
        found = self._load()
        return self._take(found, who, once) if isinstance(found, Config) else self._refuse(found)

    def replace(self, data: bytes, who: Who) -> Reloaded:
        """Put this in place of the file, if all of it is sound. OSError where it cannot be written."""
        file = self.running.source
        if file is None:
            return self._refuse([_problem("expected a configuration file: this one comes from the environment")])
        whole = _unmasked(data, file)
        found = whole if isinstance(whole, list) else self._parse(whole)
        if isinstance(found, list):
            return self._refuse(found)
        assert isinstance(whole, bytes)  # noqa: S101  it was parsed
        write(file, whole.decode(), replace=True)
        return self._take(msgspec.structs.replace(found, source=file), who, self._version())

    async def watching(self, file: Path) -> None:
        """Reload whenever the file has changed and has been still for one look, until cancelled."""
        seen = taken = stamp(file)
        while True:
            await self._clock.sleep(LOOK_S)
            now = stamp(file)
            # Written in place it is seen half written: only what two looks in a row agree on is read.
            if now == seen and now != taken and now is not None:
                taken = now
                self.reload(Who("file", address=gethostname()))
            seen = now

    def _version(self) -> str | None:
        """What the workers that read the same file call its present version; None where there is no file."""
        file = self.running.source
        return None if file is None else f"{gethostname()}:{file.resolve()} {stamp(file)}"

    def _take(self, config: Config, who: Who, once: str | None) -> Reloaded:
        before, paths = self.running, changed(self.running, config)
        try:
            self._apply(config)
        except ValueError as error:
            return self._refuse([_problem(str(error))])
        self.running = config
        waiting = waits_for_restart(paths)
        self.last = Reloaded(self._clock.now(), changed=tuple(paths), waiting=tuple(waiting))
        self._tell(changes(before, config, paths, waiting, self.last.at, who, once))
        if paths:
            log("configuration reloaded", reason="changed: " + ", ".join(paths))
        if waiting:
            warn("a part of the new configuration waits for a restart", reason=", ".join(waiting))
        return self.last

    def _refuse(self, found: list[config_problem.Problem]) -> Reloaded:
        warn("the configuration is broken; the one before stays in force", reason="; ".join(map(str, found)))
        told = tuple(
            Problem("configuration", one.path, one.message if one.line is None else f"line {one.line}: {one.message}")
            for one in found
        )
        self.last = Reloaded(self._clock.now(), problems=told)
        return self.last


async def written(told: list[Change], audit: Audit, clock: Clock) -> None:
    """Have the audit keep it, as soon as the store takes it: what was changed is in force already."""
    while told:
        try:
            await audit.audit(told)
        except StoreDown as error:
            if error.fatal:
                return
            warn("the audit could not be written yet", reason=str(error))
            await clock.sleep(LOOK_S)
        else:
            return


def stamp(file: Path) -> Stamp:
    """The version of the file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _unmasked(data: bytes, file: Path) -> bytes | list[config_problem.Problem]:
    """What was sent, with the file's secrets where it has masks: only JSON can have them, YAML is taken as it is."""
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return data
    if not isinstance(document, dict):
        return data  # no mapping: the reader says what was expected
    whole = restored(document, file.read_text(encoding="utf-8"))
    if isinstance(whole, list):
        return whole
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _problem(message: str) -> config_problem.Problem:
    return config_problem.Problem("", None, message)
