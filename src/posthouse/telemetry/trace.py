"""What follows a message from the door to its last attempt: a request id and, where it is traced, a trace context.

Both stand in one short text that the store keeps with the message: `REQUEST-ID`, or `REQUEST-ID TRACEPARENT`. A span is
a stretch of time in a trace; who records them stands behind `Tracer`, and nobody does unless OpenTelemetry is set up.
"""

import re
from typing import Final, Literal, Protocol

Kind = Literal["server", "consumer", "client"]

ATTRIBUTES: Final = {
    "request_id": "posthouse.request_id",
    "id": "posthouse.message_id",
    "pool": "posthouse.pool",
    "provider": "posthouse.provider",
    "outcome": "posthouse.outcome",
    "attempt": "posthouse.attempt",
    "count": "posthouse.count",
    "route": "http.route",
    "status": "http.response.status_code",
}
"""All that a span may carry beside its name and its times, and what it is called outside."""

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})(-.*)?", re.ASCII)
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class Span(Protocol):
    """A span that has begun. traceparent: for what follows from it."""

    traceparent: str

    def end(self, at: float, *, failed: bool = False, **attributes: str | int) -> None:
        """It ended at that instant. An attribute that is not on the list is left out."""
        ...


class Tracer(Protocol):
    def start(self, name: str, kind: Kind, at: float, parent: str | None = None) -> Span:
        """A span that began at that instant, in seconds since the epoch. parent: a traceparent; None: a new trace."""
        ...


def traceparent(text: str) -> str | None:
    """A traceparent as this version writes it; None where the text is none (W3C Trace Context, level 1)."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    version, context, more = found.groups()
    trace, span, _ = context.split("-")
    if version == "ff" or (version == "00" and more) or trace == _NO_TRACE or span == _NO_SPAN:
        return None
    return f"00-{context}"


def parent_of(trace: str | None) -> str | None:
    """The traceparent that a message's spans go on from, out of what is kept with it."""
    return None if trace is None else trace.partition(" ")[2] or None


def named(trace: str) -> dict[str, str]:
    """What a log line says of it: `request_id` and, where it is traced, `trace_id`."""
    request_id, _, parent = trace.partition(" ")
    return {"request_id": request_id, "trace_id": parent[3:35]} if parent else {"request_id": request_id}
