"""Log lines, one event each, with an allow-list of fields.

A line never holds content, addresses or keys. On a terminal it is for a person; otherwise it is one JSON object.
"""

import json
import logging
import re
import sys
import threading
from types import TracebackType
from typing import Any, Final, Literal

from posthouse.clock import SystemClock, rfc3339
from posthouse.telemetry.fault import fault
from posthouse.telemetry.outlet import Outlet
from posthouse.telemetry.sampler import Sampler
from posthouse.telemetry.trace import named

Form = Literal["auto", "json", "console"]

FIELDS: Final = (
    "request_id",
    "trace_id",
    "id",
    "pool",
    "provider",
    "outcome",
    "status",
    "attempt",
    "method",
    "path",
    "count",
    "seconds",
    "reason",
    "held",
    "failing",
    "worker",
    "left_out",
)
"""All that a line may carry beside its event, level and time. left_out: how many like it were left out before it."""

LONGEST: Final = 300
"""Characters of a value; what is longer is cut."""

FIRST, ONE_IN = 20, 100
"""Lines of a success in a second that are written, and then one in so many; of other libraries' warnings the first."""

_WORDS: Final = re.compile(r"[^\n'\"<(\[{:=@0-9]*")

_encode: Final = json.JSONEncoder(ensure_ascii=True, default=str).encode

_logger = logging.getLogger("posthouse")
_successes = Sampler(FIRST, ONE_IN)


def log(
    event: str,
    *,
    level: int = logging.INFO,
    error: BaseException | None = None,
    trace: str | None = None,
    **fields: Any,
) -> None:
    """Say that something happened: `event` is a fixed phrase, everything that varies is a field.

    trace: what is kept with the message that it concerns. A field that is not on the list is left out: whatever was
    done when this was called must not fail for it.
    """
    if not _logger.isEnabledFor(level):
        return
    known = {name: value for name, value in fields.items() if name in FIELDS}
    if trace is not None:
        known = {**named(trace), **known}
    way = None if error is None else (type(error), error, error.__traceback__)
    # Not `_logger.log`, which looks for its caller along the whole stack.
    record = logging.LogRecord("posthouse", level, "", 0, event, None, way)
    record.__dict__["fields"] = known
    _logger.handle(record)


def warn(event: str, *, error: BaseException | None = None, trace: str | None = None, **fields: Any) -> None:
    log(event, level=logging.WARNING, error=error, trace=trace, **fields)


def success(event: str, *, trace: str | None = None, **fields: Any) -> None:
    """Say that something went as it should. Under load most of these lines are left out, and counted."""
    left_out = _successes.take(event, SystemClock.monotonic())
    if left_out is None:
        return
    if left_out:
        fields["left_out"] = left_out
    log(event, trace=trace, **fields)


def set_up(level: int = logging.INFO, form: Form = "auto", first: int = FIRST, one_in: int = ONE_IN) -> None:
    """Send the log to standard error: ours, what other libraries warn of, and what nobody caught.

    first, one_in: see `Sampler`, for successes.
    """
    global _successes  # a process has one log
    _successes = Sampler(first, one_in)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # nobody reads them
    outlet = Outlet(sys.stderr, _lost)
    terminal = sys.stderr is not None and sys.stderr.isatty()
    outlet.setFormatter(_Console() if form == "console" or (form == "auto" and terminal) else _Json())
    outlet.addFilter(_Foreign().filter)
    _logger.handlers[:] = [outlet]
    _logger.setLevel(level)
    _logger.propagate = False
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        foreign = logging.getLogger(name)
        foreign.handlers[:] = [outlet]
        foreign.setLevel(logging.WARNING)
        foreign.propagate = False
    logging.lastResort = outlet  # for all others: they are heard from WARNING on
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def also_to(handler: logging.Handler) -> None:
    """Give every record to this handler as well."""
    for name in ("posthouse", "uvicorn", "uvicorn.error", "asyncio"):
        logging.getLogger(name).addHandler(handler)


def finish() -> None:
    """The last words: what was left out and not told yet."""
    for event, count in _successes.rest().items():
        log(event, left_out=count)


def event_of(record: logging.LogRecord) -> str:
    """What a record says happened. Of other libraries' only the first words, up to what may be a value."""
    if record.name == "posthouse":
        return record.msg
    found = _WORDS.match(str(record.msg).lstrip())
    return found[0].strip() if found else ""


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log("ended by an internal error", level=logging.CRITICAL, error=error)


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    log("a thread ended by an internal error", level=logging.ERROR, error=told.exc_value)


def _lost(count: int) -> logging.LogRecord:
    words = {"msg": "lines of this log could not be written", "name": "posthouse", "fields": {"count": count}}
    return logging.makeLogRecord({**words, "levelno": logging.WARNING, "levelname": "WARNING"})


class _Foreign:
    """Lets what other libraries say through a few times a second: some repeat themselves for every message."""

    def __init__(self) -> None:
        self._sampler = Sampler(1, 0)

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "posthouse":
            return True
        left_out = self._sampler.take(f"{record.name} {event_of(record)}", SystemClock.monotonic())
        record.__dict__["fields"] = {"left_out": left_out} if left_out else {}
        return left_out is not None


def _told(record: logging.LogRecord) -> dict[str, Any]:
    """What varies about a record, and is on the list."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return {
        name: f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value
        for name, value in fields.items()
    }


def _fault(record: logging.LogRecord) -> str | None:
    return None if record.exc_info is None or record.exc_info[1] is None else fault(record.exc_info[1])


def _plain(value: object) -> str:
    """A value as a terminal may see it: on one line, and nothing in it that a terminal obeys."""
    return "".join(character if character.isprintable() else "�" for character in str(value))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"at": rfc3339(record.created), "level": record.levelname.lower()}
        if record.name != "posthouse":
            line["library"] = record.name
        line |= {"event": event_of(record), **_told(record)}
        if told := _fault(record):
            line["fault"] = told
        return _encode(line)


class _Console(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f"  {name}={_plain(value)}" for name, value in _told(record).items())
        told = f"  fault={f}" if (f := _fault(record)) else ""
        library = "" if record.name == "posthouse" else f"{record.name}: "
        mark = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"{rfc3339(record.created)[11:19]}  {mark}{library}{_plain(event_of(record))}{fields}{told}"
