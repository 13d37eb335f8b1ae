"""A folder in which the workers of one supervisor leave what they count, so that whoever is scraped tells of all.

Each worker keeps two files under its place in the row: what it is now, written anew every second, and what those before
it at this place had counted until they died.
"""

from pathlib import Path
from typing import Final

import msgspec

from posthouse.metrics.snapshot import Snapshot, lasting, merged

EVERY_S: Final = 1.0
"""How often a worker writes: how old the figures of the others may be."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Snapshot).decode


class Shelf:
    """The place of one worker. Made at its start: what lies there then was its predecessor's."""

    def __init__(self, folder: Path, place: int) -> None:
        self._now, self._past = folder / f"{place}.now", folder / f"{place}.past"
        self._folder = folder
        before = [found for file in (self._now, self._past) if (found := _read(file)) is not None]
        if before:
            _write(self._past, lasting(merged(before)))
        self._now.unlink(missing_ok=True)

    def put(self, snapshot: Snapshot) -> None:
        """What this worker is now. OSError where it cannot be written."""
        _write(self._now, snapshot)

    def with_others(self, own: Snapshot) -> Snapshot:
        """This worker, all others, and what the dead had counted."""
        others = [found for file in self._folder.iterdir() if file != self._now and (found := _read(file)) is not None]
        return merged([own, *others])


def _read(file: Path) -> Snapshot | None:
    if file.suffix not in (".now", ".past"):
        return None
    try:
        return _unpack(file.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None


def _write(file: Path, snapshot: Snapshot) -> None:
    """As a whole: who reads finds this one or the one before."""
    aside = file.with_suffix(".aside")
    aside.write_bytes(_pack(snapshot))
    aside.replace(file)
