"""Takes a changed configuration over while everything runs. A broken one changes nothing, and is told everywhere."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socket import gethostname
from typing import Any, Final

import msgspec

from posthouse.clock import Clock
from posthouse.config import Config
from posthouse.config import problem as config_problem
from posthouse.config.changes import changes
from posthouse.config.difference import changed, waits_for_restart
from posthouse.config.document import as_yaml
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
Stamp = tuple[int, int, int, int] | None
"""What tells one version of a file from the next: inode, size, and in nanoseconds when it was written and when its
rights were given. None: there is none."""


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
        self.running = self._started = running
        self.last = Reloaded(clock.now())
        self._read = self._stamp()

    def document(self) -> Any:
        """What the file says, secrets hidden; where it is broken, what is in force. Without one: that there is none."""
        if self.running.source is None:
            return {"source": self.running.mode}
        return masked(self._text(), SPECS)

    def reload(self, who: Who) -> Reloaded:
        """Read it again, and take it over if all of it is sound."""
        once, self._read = self._version(), self._stamp()
        found = self._load()
        return self._take(found, who, once) if isinstance(found, Config) else self._broken(found)

    def replace(self, data: bytes, who: Who) -> Reloaded:
        """Put this in place of the file, if all of it is sound. OSError where it cannot be written."""
        file = self.running.source
        if file is None:
            return self._refused([_problem("expected a configuration file: this one comes from the environment")])
        whole = _unmasked(data, self._text())
        found = whole if isinstance(whole, list) else self._parse(whole)
        if isinstance(found, list):
            return self._refused(found)
        assert isinstance(whole, bytes)  # noqa: S101  it was parsed
        write(file, whole.decode(), replace=True)
        return self._take(msgspec.structs.replace(found, source=file), who, self._version())

    async def watching(self, file: Path) -> None:
        """Reload whenever the file is not the one read last and has been still for one look, until cancelled.

        What was read last may have been no file at all: then the old one is read again when it is back.
        """
        seen = stamp(file)
        while True:
            await self._clock.sleep(LOOK_S)
            now = stamp(file)
            # Written in place it is seen half written: only what two looks in a row agree on is read.
            if now == seen and now != self._read and now is not None:
                self.reload(Who("file", address=gethostname()))
            seen = now

    def _version(self) -> str | None:
        """What the workers that read the same file call its present version; None where there is no file."""
        file = self.running.source
        return None if file is None else f"{gethostname()}:{file.resolve()} {stamp(file)}"

    def _stamp(self) -> Stamp:
        return None if self.running.source is None else stamp(self.running.source)

    def _text(self) -> str:
        """The file as it would be taken over; where it would not, as it was when that was done last."""
        found = self._load()
        return (found.text if isinstance(found, Config) and found.text else self.running.text).reveal()

    def _take(self, config: Config, who: Who, once: str | None) -> Reloaded:
        before, paths = self.running, changed(self.running, config)
        try:
            self._apply(config)
        except ValueError as error:
            return self._broken([_problem(str(error))])
        self.running = config
        # Not against the one before: that may have waited too, and whoever reloads once more is to be told still.
        waiting = waits_for_restart(changed(self._started, config))
        self.last = Reloaded(self._clock.now(), changed=tuple(paths), waiting=tuple(waiting))
        self._tell(changes(before, config, paths, waiting, self.last.at, who, once))
        if paths:
            log("configuration reloaded", reason="changed: " + ", ".join(paths))
        if waiting:
            warn("a part of the new configuration waits for a restart", reason=", ".join(waiting))
        return self.last

    def _broken(self, found: list[config_problem.Problem]) -> Reloaded:
        """The file is: that is told until it is mended."""
        warn("the configuration is broken; the one before stays in force", reason="; ".join(map(str, found)))
        self.last = self._told(found)
        return self.last

    def _refused(self, found: list[config_problem.Problem]) -> Reloaded:
        """What was sent is broken: that says nothing of the file."""
        warn("a configuration that was sent is broken; the file stays as it is", reason="; ".join(map(str, found)))
        return self._told(found)

    def _told(self, found: list[config_problem.Problem]) -> Reloaded:
        told = tuple(
            Problem("configuration", one.path, one.message if one.line is None else f"line {one.line}: {one.message}")
            for one in found
        )
        return Reloaded(self._clock.now(), problems=told)


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
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _unmasked(data: bytes, before: str) -> bytes | list[config_problem.Problem]:
    """What was sent, with the secrets of the text before where it has masks. JSON is written for people to read."""
    try:
        sent = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data  # the reader says where
    with suppress(ValueError, RecursionError):  # it is YAML then, or its reader says why it is not
        sent = as_yaml(sent) + "\n"
    whole = restored(sent, before)
    return whole if isinstance(whole, list) else whole.encode()


def _problem(message: str) -> config_problem.Problem:
    return config_problem.Problem("", None, message)
