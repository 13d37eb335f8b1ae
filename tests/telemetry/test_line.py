import ast
import json
import logging
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import posthouse
from posthouse.clock import SystemClock
from posthouse.telemetry import FIELDS, finish, log, set_up, success, warn
from tests.telemetry.kept import kept_log

CANARY = "CANARY7f3a"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    with kept_log():
        yield


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
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("log", "warn", "success")
        for keyword in call.keywords
        if keyword.arg not in (None, "error", "level", "trace")
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


TRACED = "request-17 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("trace", "named"),
    [
        (None, {}),
        ("request-17", {"request_id": "request-17"}),
        (TRACED, {"request_id": "request-17", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}),
    ],
)
def test_a_line_about_a_message_names_its_request_and_its_trace(
    piped: StringIO, trace: str | None, named: dict[str, str]
) -> None:
    warn("an attempt was left unfinished", trace=trace, id="1")
    (line,) = lines(piped)
    assert {name: line[name] for name in ("request_id", "trace_id") if name in line} == named


def test_a_value_without_end_is_cut(piped: StringIO) -> None:
    warn("a request ended in an internal error", path="/" + "x" * 100_000)
    (line,) = lines(piped)
    assert len(line["path"]) == 301


def test_under_load_successes_are_left_out_and_counted_and_failures_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(SystemClock, "monotonic", lambda: now[0])
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    set_up(first=2, one_in=10)
    for number in range(32):
        success("accepted", id=str(number))
        log("attempt did not succeed", id=str(number))
    now[0] += 1
    success("accepted", id="last")
    success("attempt succeeded", id="last")
    finish()
    said = [(line["event"], line["id"], line.get("left_out")) for line in lines(stream)]
    assert [one for one in said if one[0] == "attempt did not succeed"] == [
        ("attempt did not succeed", str(number), None) for number in range(32)
    ]
    assert [one for one in said if one[0] != "attempt did not succeed"] == [
        *(("accepted", "0", None), ("accepted", "1", None)),
        *(("accepted", str(number), 9) for number in (11, 21, 31)),
        *(("accepted", "last", None), ("attempt succeeded", "last", None)),
    ]


def test_what_was_left_out_last_is_told_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "monotonic", lambda: 1000.0)
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    set_up(first=1, one_in=0)
    for _ in range(5):
        success("accepted", id="1")
    finish()
    assert [(line["event"], line.get("left_out")) for line in lines(stream)] == [("accepted", None), ("accepted", 4)]


def test_a_form_that_is_asked_for_goes_before_what_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, form, begins in ((Terminal(), "json", "{"), (StringIO(), "console", "2")):
        monkeypatch.setattr(sys, "stderr", stream)
        set_up(form=form)  # type: ignore[arg-type]
        log("event")
        assert stream.getvalue().lstrip()[0] in (begins, "0", "1"), form


def test_what_nobody_caught_is_told_without_its_words(piped: StringIO) -> None:
    try:
        raise RuntimeError(CANARY)
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)

    def breaks() -> None:
        raise KeyError(CANARY)

    thread = threading.Thread(target=breaks)
    thread.start()
    thread.join()
    assert [(line["event"], line["level"], line["fault"].partition(" ")[0]) for line in lines(piped)] == [
        ("ended by an internal error", "critical", "RuntimeError"),
        ("a thread ended by an internal error", "error", "KeyError"),
    ]
    assert CANARY not in piped.getvalue()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Exception in callback f('CANARY7f3a')", "Exception in callback f"),
        ("Task exception was never retrieved\nfuture: <Task CANARY7f3a>", "Task exception was never retrieved"),
        ("cannot reach ann@example.org: CANARY7f3a", "cannot reach ann"),
        ("%s failed", "%s failed"),
        ("", ""),
    ],
)
def test_of_what_other_libraries_warn_the_first_words_are_told(piped: StringIO, words: str, told: str) -> None:
    logging.getLogger("asyncio").warning(words)
    (line,) = lines(piped)
    assert (line["event"], line["library"]) == (told, "asyncio")
    assert CANARY not in piped.getvalue()


def test_a_library_that_repeats_itself_is_heard_once_a_second(monkeypatch: pytest.MonkeyPatch, piped: StringIO) -> None:
    now = [1000.0]
    monkeypatch.setattr(SystemClock, "monotonic", lambda: now[0])
    for _ in range(100):
        logging.getLogger("asyncio").warning("the queue is full")
    now[0] += 1
    logging.getLogger("asyncio").warning("the queue is full")
    assert [line.get("left_out") for line in lines(piped)] == [None, 99]


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
