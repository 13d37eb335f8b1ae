"""What a running Posthouse says of itself: log lines, one event each, with an allow-list of fields.

A line never holds content, addresses or keys. On a terminal it is for a person; otherwise it is one JSON object.
"""

import json
import logging
import sys
from typing import Any, Final

from posthouse.clock import rfc3339

FIELDS: Final = (
    "request_id",
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
)
"""All that a line may carry beside its event, level and time."""

_logger = logging.getLogger("posthouse")


def log(event: str, *, level: int = logging.INFO, error: BaseException | None = None, **fields: Any) -> None:
    """Say that something happened: `event` is a fixed phrase, everything that varies is a field.

    A field that is not on the list is left out: whatever was done when this was called must not fail for it.
    """
    known = {name: value for name, value in fields.items() if name in FIELDS}
    _logger.log(level, event, exc_info=error, extra={"fields": known})


def warn(event: str, *, error: BaseException | None = None, **fields: Any) -> None:
    log(event, level=logging.WARNING, error=error, **fields)


def set_up(level: int = logging.INFO) -> None:
    """Send the log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Console() if sys.stderr.isatty() else _Json())
    _logger.handlers[:] = [handler]
    _logger.setLevel(level)
    _logger.propagate = False
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        foreign = logging.getLogger(name)
        foreign.handlers[:] = [handler]
        foreign.setLevel(logging.WARNING)
        foreign.propagate = False


def _fault(record: logging.LogRecord) -> str | None:
    """The kind of an exception and where it was raised: never its text, which may quote what it choked on."""
    if record.exc_info is None or record.exc_info[1] is None:
        return None
    error, trace = record.exc_info[1], record.exc_info[1].__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{where}"


def _plain(value: object) -> str:
    """A value as a terminal may see it: on one line, and nothing in it that a terminal obeys."""
    return "".join(character if character.isprintable() else "�" for character in str(value))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": rfc3339(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if fault := _fault(record):
            line["fault"] = fault
        return json.dumps(line, ensure_ascii=True, default=str)


class _Console(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f"  {name}={_plain(value)}" for name, value in getattr(record, "fields", {}).items())
        fault = f"  fault={f}" if (f := _fault(record)) else ""
        mark = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"{rfc3339(record.created)[11:19]}  {mark}{record.getMessage()}{fields}{fault}"
