"""The span of a request that hands messages in: from its head to its answer, in the trace of whoever calls."""

from collections.abc import Mapping

from posthouse.clock import Clock
from posthouse.store.values import Entry
from posthouse.telemetry.trace import Span, Tracer, traceparent


class Arrival:
    """It has no span until somebody asks what is to be kept with a message: other requests are nobody's trace."""

    def __init__(self, tracer: Tracer, clock: Clock, headers: Mapping[bytes, bytes], route: str) -> None:
        self._tracer, self._clock, self._headers, self._route = tracer, clock, headers, route
        self._began = clock.now()
        self._span: Span | None = None
        self._entries: list[Entry] = []

    @property
    def traceparent(self) -> str:
        """What the attempts of its messages go on from."""
        if self._span is None:
            parent = traceparent(self._headers.get(b"traceparent", b"").decode("latin-1"))
            self._span = self._tracer.start("accept", "server", self._began, parent)
        return self._span.traceparent

    def accepted(self, entry: Entry) -> None:
        """That message is on disk."""
        self._entries.append(entry)

    def over(self, status: int, request_id: str) -> None:
        """It was answered with this status."""
        if self._span is None:
            return
        told: dict[str, str | int] = {"request_id": request_id, "route": self._route, "status": status}
        if self._entries:
            told |= {"pool": self._entries[0].pool, "count": len(self._entries)}
            if len(self._entries) == 1:
                told["id"] = self._entries[0].id
        self._span.end(self._clock.now(), failed=status >= 500, **told)
