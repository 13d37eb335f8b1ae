"""Faults to Sentry, where `SENTRY_DSN` asks for it: what happened, the kind of the exception, the lines it came along.

An event is made here of those alone. It holds no words of an exception, no local variables, no lines of source, no
request, no breadcrumbs and no user: none of the library's integrations, which would collect them, is used.
"""

import logging
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from posthouse import __version__
from posthouse.clock import SystemClock
from posthouse.telemetry.fault import fault
from posthouse.telemetry.line import also_to, event_of
from posthouse.telemetry.sampler import Sampler

if TYPE_CHECKING:
    from sentry_sdk import Client

DSN: Final = "SENTRY_DSN"

FLUSH_S: Final = 1.0
"""How long the end of the process waits for what is still to be sent."""

FRAMES: Final = 50
"""Lines of a trace that are told: the innermost."""


class Sentry(logging.Handler):
    """Sends every record that comes with an exception; of what repeats itself, one a second."""

    def __init__(self, client: "Client") -> None:
        super().__init__()
        self._client = client
        self._sampler = Sampler(1, 0)

    def emit(self, record: logging.LogRecord) -> None:
        error = None if record.exc_info is None else record.exc_info[1]
        if error is None:
            return
        try:
            key = f"{event_of(record)} {fault(error)}"
            left_out = self._sampler.take(key, SystemClock.monotonic())
            if left_out is not None:
                self._client.capture_event(event(record, error, left_out))  # type: ignore[arg-type]
        except Exception:
            return  # whatever was done when this was said must not fail for it
        if record.levelno >= logging.CRITICAL:
            self._client.flush(FLUSH_S)

    def finish(self) -> None:
        """Send what is still to be sent, if that does not take long."""
        self._client.close(FLUSH_S)


def report(env: Mapping[str, str]) -> Sentry | None:
    """Send what the log tells with an exception to Sentry as well; None where nobody asked for it.

    ValueError says what is wrong, and never quotes the DSN: a key stands in it.
    """
    dsn = env.get(DSN)
    if not dsn:
        return None
    try:
        from sentry_sdk import Client
        from sentry_sdk.utils import BadDsn
    except ImportError:
        raise ValueError(
            f"{DSN} is set, and the package sentry-sdk is not installed: install posthouse[sentry], or unset {DSN}"
        ) from None
    try:
        client = Client(
            dsn=dsn,
            release=env.get("SENTRY_RELEASE") or f"posthouse@{__version__}",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            traces_sample_rate=0.0,
            spotlight=False,
        )
    except BadDsn:
        raise ValueError(f"{DSN}: expected https://KEY@HOST/PROJECT, as Sentry shows it") from None
    sentry = Sentry(client)
    also_to(sentry)
    return sentry


def event(record: logging.LogRecord, error: BaseException, left_out: int) -> dict[str, Any]:
    """All that is told: the line of the log, and the way of the exception and of those that led to it."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    tags = {name: str(value) for name, value in fields.items()}
    if left_out:
        tags["left_out"] = str(left_out)
    return {
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "timestamp": record.created,
        "message": event_of(record),
        "tags": tags,
        "exception": {"values": [_told(one) for one in reversed(list(_chain(error)))]},
    }


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception, the one it came from, and so on."""
    known: set[int] = set()
    while error is not None and id(error) not in known:
        known.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _told(error: BaseException) -> dict[str, Any]:
    frames = [
        {
            "filename": trace.tb_frame.f_globals.get("__name__", "?"),
            "abs_path": trace.tb_frame.f_code.co_filename,
            "function": trace.tb_frame.f_code.co_name,
            "lineno": trace.tb_lineno,
            "in_app": trace.tb_frame.f_globals.get("__name__", "").startswith("posthouse"),
        }
        for trace in _way(error.__traceback__)
    ]
    kind = type(error)
    return {"type": kind.__name__, "module": kind.__module__, "stacktrace": {"frames": frames[-FRAMES:]}}


def _way(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
