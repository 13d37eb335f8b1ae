"""What a method promised is on disk when it returns: judged by the system calls of a real process.

strace tells each write to the write-ahead log and each sync of it. An acknowledgement is good when the log was written
to since the one before, and nothing of it was left to sync.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from tests.faults import trace
from tests.faults.trace import Call, calls, tracing

ROOT = Path(__file__).parents[2]

METHODS = ["add"] * 8 + ["cancel", "claim", "intend", "record", "finish", "postpone", "renew", "sweep", "retire"]

pytestmark = pytest.mark.skipif(trace.missing() is not None, reason=trace.missing() or "")


class Ack(msgspec.Struct, frozen=True):
    """written: the log was written to since the last one. synced: all that was written had been synced."""

    method: str
    written: bool
    synced: bool


def judged(found: Iterable[Call], log: Path) -> list[Ack]:
    """The acknowledgements, in their order."""
    acks: list[Ack] = []
    written = unsynced = False
    covered = False
    for call in found:
        if call.on == str(log):
            if call.name == "pwrite64" and call.result is None:
                written = unsynced = True
                covered = False
            elif call.name in ("fdatasync", "fsync"):
                # A sync covers what was written before it began.
                unsynced = unsynced and not (call.result == 0 and covered)
                covered = call.result is None
        elif call.data.startswith(b"ack ") and call.result is None:
            acks.append(Ack(call.data.decode().split()[1], written, not unsynced))
            written = False
    return acks


def acknowledged(folder: Path, level: str) -> list[Ack]:
    """Run a process that uses a store under that level of `PRAGMA synchronous`."""
    store, log = folder / "posthouse.db", folder / "calls"
    command = [*tracing(log), sys.executable, "-m", "tests.store.acknowledging", str(store), level]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=50)
    with log.open() as lines:
        return judged(calls(lines), store.with_name("posthouse.db-wal"))


def test_no_method_returns_while_the_log_has_unsynced_writes(tmp_path: Path) -> None:
    assert acknowledged(tmp_path, "FULL") == [Ack(method, written=True, synced=True) for method in METHODS]


def test_the_judge_sees_a_store_that_does_not_sync(tmp_path: Path) -> None:
    assert acknowledged(tmp_path, "NORMAL") == [Ack(method, written=True, synced=False) for method in METHODS]
