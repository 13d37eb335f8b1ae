"""Opening the file: who may, which settings make a commit durable, and the way from an older schema to this one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import apsw

from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.sql import migrations

APPLICATION_ID: Final = 0x50487331
"""Marks the file as ours (`PRAGMA application_id`): a foreign database is never written to."""

SYNCHRONOUS: Final = "FULL"
"""In WAL mode FULL syncs the log on every commit. NORMAL does not, and loses acknowledged mail in a power cut."""

_LEVELS: Final = {"OFF": 0, "NORMAL": 1, "FULL": 2, "EXTRA": 3}

PAGE_BYTES: Final = 8192
BUSY_MS: Final = 2000


def lock(path: Path) -> IO[bytes]:
    """Hold the file for this process, until the answer is closed. Two writers on one file starve each other."""
    real = path.resolve()  # under two names it is still one file
    try:
        holder = open(real.with_name(real.name + ".lock"), "a+b")  # noqa: SIM115  held open on purpose
    except OSError as error:
        raise StoreRefused(
            f"{path} cannot be opened: {error.strerror}. Does its folder exist, and may this user write?"
        ) from error
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder.seek(0)
        pid = holder.read(32).decode("ascii", "replace").strip() or "unknown"
        holder.close()
        raise StoreRefused(
            f"{path} is in use by another Posthouse process (pid {pid}). One process writes one SQLite file: "
            "stop the other one, or give this one a store of its own."
        ) from None
    holder.truncate(0)
    holder.write(str(os.getpid()).encode())
    holder.flush()
    return holder


def connect(path: Path) -> apsw.Connection:
    """The connection that writes: WAL, synchronous as set above and read back, schema up to date."""
    _make(path)
    try:
        db = apsw.Connection(str(path))
        try:
            _set_up(db, path)
        except BaseException:
            db.close()  # at once: another application's file is left as it was, without our traces beside it
            raise
    except apsw.CantOpenError as error:
        raise StoreRefused(
            f"{path} cannot be opened: {error}. Does its folder exist, and may this user write?"
        ) from error
    except apsw.NotADBError as error:
        raise StoreRefused(f"{path} is not a database.") from error
    except apsw.Error as error:
        raise StoreRefused(f"{path} cannot be opened: {error}") from error
    return db


def _make(path: Path) -> None:
    """Where there is no file yet, an empty one that its owner alone may read: mail will be in it, and in the log.

    SQLite gives the files that it lays beside it the same rights. Where it cannot be made SQLite says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o600))


@contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """Everything inside, durably, or nothing of it. StoreDown where the disk is to blame."""
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    except apsw.FullError as error:
        raise StoreDown("the disk is full") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreDown("the file is locked by another program") from error
    except (apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError, apsw.CantOpenError) as error:
        # After a failed sync a later one may lie (the kernel forgets the dirty pages): nothing more is written.
        raise StoreDown(f"the disk failed: {error}", fatal=True) from error


def reader(path: Path) -> apsw.Connection:
    """A connection that only reads, and never checkpoints."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(BUSY_MS)
    db.wal_autocheckpoint(0)
    db.pragma("query_only", True)
    return db


def _set_up(db: apsw.Connection, path: Path) -> None:
    db.set_busy_timeout(BUSY_MS)
    _recognise(db, path)
    db.pragma("page_size", PAGE_BYTES)
    journal = db.pragma("journal_mode", "wal")
    db.pragma("synchronous", SYNCHRONOUS)
    db.pragma("foreign_keys", True)
    db.pragma("temp_store", 2)
    db.pragma("cache_size", -32_000)
    if journal != "wal" or db.pragma("synchronous") != _LEVELS[SYNCHRONOUS]:
        raise StoreRefused(f"{path}: this file system does not give the durability asked for (journal {journal}).")
    _migrate(db, path)


def _recognise(db: apsw.Connection, path: Path) -> None:
    """Only what is ours, or nobody's yet (nothing in it, no mark on it), is taken."""
    application = db.pragma("application_id")
    if application == APPLICATION_ID:
        return
    tables = db.execute("SELECT count(*) FROM sqlite_schema").get
    if application or tables or db.pragma("user_version"):
        raise StoreRefused(f"{path} belongs to another application: it is left as it is.")


def _migrate(db: apsw.Connection, path: Path) -> None:
    """Each missing step in a transaction of its own, the version with it: an interrupted one is done again."""
    steps = migrations("posthouse.store.sqlite")
    version = db.pragma("user_version")
    if version > len(steps):
        raise StoreRefused(
            f"{path} was written by a newer Posthouse (schema {version}, this one knows {len(steps)}). "
            "Run that version, or give this one a store of its own."
        )
    for number, sql in steps[version:]:
        with transaction(db):
            db.execute(sql).fetchall()  # to its end: execute alone stops at the first statement that has a row
            db.pragma("user_version", number)
            db.pragma("application_id", APPLICATION_ID)
