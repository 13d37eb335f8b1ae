"""A copy of a file that may be in use, as of one moment: one file, whole, and marked as a copy.

It is read by a connection of its own, in one read transaction: whoever writes goes on, and the log grows until the copy
is done. A copy knows that it is one, so that whoever opens it sets aside what it cannot know: see `restored`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Final

import apsw
import msgspec

from posthouse.store.contract import StoreRefused
from posthouse.store.sql import migrations
from posthouse.store.sqlite import restored
from posthouse.store.sqlite.file import APPLICATION_ID
from posthouse.store.sqlite.statement import SQL

STEP: Final = 512
"""Pages that are copied at a time; between two portions it is told how far it has come."""

FIRST_MARKED: Final = 4
"""The schema from which on a file can say that it is a copy."""

Told = Callable[[int, int], None]
"""(pages that are copied, pages of the file)"""


class Copied(msgspec.Struct, frozen=True):
    """at: the moment it shows, seconds since the epoch. unfinished: messages that were still to be sent then."""

    path: Path
    bytes: int
    schema: int
    unfinished: int
    at: float


def copy(source: Path, target: Path, at: float, told: Told = lambda done, of: None, *, replace: bool = False) -> Copied:
    """Copy the file; the copy is checked, synced, readable by its owner alone, and there as a whole or not at all.

    at: this moment, where the source is in use; a source that is a copy itself keeps its own. FileExistsError: target
    is there, and is not to be replaced. StoreRefused: source is no store of ours, or is damaged. OSError.
    """
    if target.exists() and not replace:
        raise FileExistsError(f"{target} is there already")
    with _reading(source) as db, _aside(target) as aside:
        with closing(apsw.Connection(str(aside))) as copied:
            with copied.backup("main", db, "main") as backup:
                while not backup.done:
                    backup.step(STEP)
                    told(backup.page_count - backup.remaining, backup.page_count)
            copied.pragma("journal_mode", "delete")  # one file: nothing of it lies beside it
            schema = int(copied.pragma("user_version"))
            if schema >= FIRST_MARKED:
                marked = restored.mark(copied)
                at = at if marked is None else marked
                restored.set_mark(copied, at)
            if (found := copied.pragma("integrity_check")) != "ok":
                raise StoreRefused(f"{source} is damaged: {found}")
            unfinished = copied.execute(SQL["unfinished"], (2**62,)).get
        _sync(aside)
        size = aside.stat().st_size
        if replace:
            aside.replace(target)
        else:
            os.link(aside, target)  # unlike a rename it fails where somebody else was faster
        _sync(target.parent)
    return Copied(target, size, schema, unfinished, at)


def last_known(path: Path) -> float | None:
    """The last moment that a store knows of; None where it is empty."""
    with _reading(path) as db:
        at: float | None = db.execute("SELECT at FROM events ORDER BY seq DESC LIMIT 1").get
        return at


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    """A connection that sees one moment of the file. StoreRefused where it is none of ours."""
    if not path.is_file():
        raise StoreRefused(f"{path}: there is no such file")
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            db.execute("BEGIN")  # the first look below fixes the moment
            if db.pragma("application_id") != APPLICATION_ID:
                raise StoreRefused(f"{path} is no store of Posthouse")
            known = len(migrations("posthouse.store.sqlite"))
            if db.pragma("user_version") > known:
                raise StoreRefused(f"{path} was written by a newer Posthouse (this one knows schema {known})")
            yield db
    except apsw.NotADBError as error:
        raise StoreRefused(f"{path} is not a database") from error
    except apsw.CorruptError as error:
        raise StoreRefused(f"{path} is damaged: {error}") from error
    except apsw.FullError as error:
        raise OSError(f"the disk is full: {error}") from error
    except apsw.Error as error:
        raise StoreRefused(f"{path} cannot be copied: {error}") from error


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A file beside the target, readable by its owner alone, that is gone afterwards."""
    handle, name = mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            Path(name + end).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """To the disk: a file's content, or a directory's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
