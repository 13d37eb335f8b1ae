"""Whoever reads the log may stand still, go away or have no room: what is logged then is lost, and nothing waits."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posthouse.telemetry.outlet import MOST, Outlet


def lost(count: int) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": f"lost {count}"})


@contextmanager
def logger(descriptor: int) -> Iterator[logging.Logger]:
    with os.fdopen(descriptor, "w") as stream:
        outlet, made = Outlet(stream, lost), logging.getLogger("test.outlet")
        made.propagate, made.handlers = False, [outlet]
        yield made


def test_lines_come_in_their_order() -> None:
    ours, theirs = os.pipe()
    with logger(theirs) as log:
        for number in range(3):
            log.warning("line %s", number)
    with os.fdopen(ours) as read:
        assert read.read().splitlines() == ["line 0", "line 1", "line 2"]


def test_a_reader_that_stands_still_is_not_waited_for_and_told_what_it_missed() -> None:
    ours, theirs = os.pipe()
    with logger(theirs) as log:
        for number in range(5000):
            log.warning("line %s %s", number, "x" * 100)
        come = os.read(ours, 2**20).decode().splitlines()
        log.warning("again")
        first, second = os.read(ours, 2**20).decode().splitlines()
    os.close(ours)
    assert [line.split()[1] for line in come] == [str(number) for number in range(len(come))]
    assert (first, second) == (f"lost {5000 - len(come)}", "again")


def test_a_reader_that_has_gone_is_nobody_s_fault() -> None:
    ours, theirs = os.pipe()
    with logger(theirs) as log:
        os.close(ours)
        log.warning("line")


def test_a_full_disk_is_nobody_s_fault() -> None:
    with logger(os.open("/dev/full", os.O_WRONLY)) as log:
        log.warning("line")


def test_there_may_be_no_stream_at_all() -> None:
    Outlet(None, lost).emit(lost(1))


def test_a_line_that_cannot_be_written_in_one_is_lost() -> None:
    ours, theirs = os.pipe()
    with logger(theirs) as log:
        log.warning("x" * MOST)
        log.warning("y")
    with os.fdopen(ours) as read:
        assert read.read().splitlines() == ["lost 1", "y"]


def test_a_line_that_cannot_be_made_is_lost() -> None:
    ours, theirs = os.pipe()
    with logger(theirs) as log:
        log.warning("%s %s", "one")
        log.warning("two")
    with os.fdopen(ours) as read:
        assert read.read().splitlines() == ["lost 1", "two"]


@pytest.mark.parametrize("mode", [os.O_APPEND, 0])
def test_a_file_that_is_cut_while_it_is_written_goes_on_from_its_start_where_it_is_appended_to(
    tmp_path: Path, mode: int
) -> None:
    """What `copytruncate` of logrotate does; without O_APPEND a hole is left, as the guide says."""
    path = tmp_path / "log"
    with logger(os.open(path, os.O_WRONLY | os.O_CREAT | mode)) as log:
        log.warning(json.dumps("before"))
        os.truncate(path, 0)
        log.warning(json.dumps("after"))
    assert (path.read_bytes() == b'"after"\n') == bool(mode)
