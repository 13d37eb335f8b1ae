import ast
import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import posthouse
from posthouse.telemetry import FIELDS, log, set_up, warn

CANARY = "CANARY7f3a"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("posthouse", "uvicorn", "uvicorn.error", "asyncio")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """Standard error, read by a program."""
    return _opened(StringIO(), monkeypatch)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """Standard error, read by a person."""
    return _opened(Terminal(), monkeypatch)


def _opened(stream: StringIO, monkeypatch: pytest.MonkeyPatch) -> StringIO:
    monkeypatch.setattr(sys, "stderr", stream)
    set_up()
    return stream


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_for_a_program_is_one_json_object(piped: StringIO) -> None:
    log("circuit opened", pool="example.com", provider="first", count=3)
    (line,) = lines(piped)
    assert line.pop("at").endswith("Z")
    assert line == {"level": "info", "event": "circuit opened", "pool": "example.com", "provider": "first", "count": 3}


def test_a_line_for_a_person_is_short(terminal: StringIO) -> None:
    log("circuit opened", pool="example.com")
    warn("circuit closed", count=3)
    first, second = terminal.getvalue().splitlines()
    assert first[8:] == "  circuit opened  pool=example.com"
    assert second[8:] == "  warning: circuit closed  count=3"


def test_a_field_that_is_not_on_the_list_is_left_out_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "posthouse")
    log("something happened", pool="example.com", recipient="ann@example.org", subject="secret")
    assert caplog.records[0].fields == {"pool": "example.com"}  # type: ignore[attr-defined]


def test_every_field_that_is_said_anywhere_is_on_the_list() -> None:
    said = {
        (str(file), keyword.arg)
        for file in Path(posthouse.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("log", "warn")
        for keyword in call.keywords
        if keyword.arg not in (None, "error", "level")
    }
    assert [one for one in said if one[1] not in FIELDS] == []
    assert len(said) > 20


def test_of_a_fault_its_kind_and_place_are_told_and_never_its_words(piped: StringIO) -> None:
    def inner() -> None:
        raise RuntimeError(CANARY)

    try:
        inner()
    except RuntimeError as error:
        warn("an attempt was left unfinished", error=error)
    (line,) = lines(piped)
    assert line["fault"].startswith(f"RuntimeError at {__file__}:")
    assert CANARY not in piped.getvalue()


def test_a_fault_on_a_terminal_is_told_in_the_same_way(terminal: StringIO) -> None:
    warn("broken", error=ValueError(CANARY))
    assert terminal.getvalue().rstrip().endswith("warning: broken  fault=ValueError")


def test_other_peoples_exceptions_are_told_without_their_words_too(piped: StringIO) -> None:
    try:
        raise KeyError(CANARY)
    except KeyError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    (line,) = lines(piped)
    assert (line["level"], line["event"]) == ("error", "Task exception was never retrieved")
    assert line["fault"].startswith("KeyError at ")
    assert CANARY not in piped.getvalue()


def test_what_others_say_in_passing_is_not_heard(piped: StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Shutting down")
    logging.getLogger("posthouse").debug("detail")
    assert piped.getvalue() == ""


HOSTILE = "\x1b[31mred\x07\r\n{}\u2028\u202e"


def test_a_value_cannot_forge_a_line_or_move_a_terminal(terminal: StringIO) -> None:
    warn("a request ended in an internal error", path=f"/email/{HOSTILE}")
    (line,) = terminal.getvalue().split("\n")[:-1]
    assert line.endswith("path=/email/�[31mred���{}��")


def test_a_value_cannot_forge_a_line_for_a_program(piped: StringIO) -> None:
    warn("a request ended in an internal error", path=HOSTILE)
    (line,) = lines(piped)
    assert line["path"] == HOSTILE
    assert piped.getvalue().isascii()


def test_setting_up_twice_says_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _opened(StringIO(), monkeypatch)
    stream = _opened(StringIO(), monkeypatch)
    log("event")
    assert len(lines(stream)) == 1
