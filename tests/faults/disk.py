"""What a power cut would leave of a store: of every file, the bytes whose sync had ended, and no others."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from tests.faults.trace import Call

Change = tuple[int, bytes] | int
"""Bytes at an offset, or a new length."""


class File:
    """One file: what is on disk for certain, and what was written since."""

    def __init__(self) -> None:
        self.safe = bytearray()
        self.since: list[Change] = []
        self.syncing: dict[int, int] = {}

    def sync_begins(self, thread: int) -> None:
        self.syncing[thread] = len(self.since)

    def sync_ends(self, thread: int, good: bool) -> None:
        """All that had been written when the sync began is safe now."""
        count = self.syncing.pop(thread)
        if not good:
            return
        for change in self.since[:count]:
            self._apply(change)
        del self.since[:count]
        self.syncing = {other: max(0, left - count) for other, left in self.syncing.items()}

    def _apply(self, change: Change) -> None:
        if isinstance(change, int):
            del self.safe[change:]
            self.safe.extend(bytes(change - len(self.safe)))
            return
        offset, data = change
        self.safe.extend(bytes(max(0, offset - len(self.safe))))
        self.safe[offset : offset + len(data)] = data


class Disk:
    """The files of one SQLite store, as the calls of a process change them."""

    def __init__(self, store: Path) -> None:
        self._names = {str(store): "", f"{store}-wal": "-wal"}
        self._files = {name: File() for name in self._names}

    def see(self, call: Call) -> None:
        """Take a call into account; those on other files change nothing."""
        file = self._files.get(call.on)
        if file is None:
            return
        match call.name:
            case "pwrite64" if call.result is None:
                file.since.append((call.last or 0, call.data))
            case "ftruncate" if call.result is None:
                file.since.append(call.last or 0)
            case "unlink" if call.result == 0:
                self._files[call.on] = File()
            case "fdatasync" | "fsync" if call.result is None:
                file.sync_begins(call.thread)
            case "fdatasync" | "fsync":
                file.sync_ends(call.thread, call.result == 0)

    @contextmanager
    def after_a_cut(self) -> Iterator[apsw.Connection | None]:
        """The store as the next start would find it, had the power failed now; None where there would be none."""
        with TemporaryDirectory() as folder:
            for name, ending in self._names.items():
                Path(folder, f"store{ending}").write_bytes(self._files[name].safe)
            db = apsw.Connection(f"{folder}/store")
            try:
                yield db if db.execute("SELECT count(*) FROM sqlite_schema").get else None
            except apsw.NotADBError:
                yield None
            finally:
                db.close()
