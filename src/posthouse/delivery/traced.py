"""The spans of an attempt: the whole of it, and the call of the provider inside, in the trace of the message.

They are told when the attempt has ended: then the times are known, and so is one that a crash cut off.
"""

from posthouse.store.values import Claim, Result
from posthouse.telemetry.trace import Tracer, named, parent_of

FAILED = frozenset({"deferred", "unauthorised", "unsure"})
"""Outcomes that are somebody's fault. A refused recipient and a provider that asks for a pause are not."""


class Traced:
    """One of a process. Instants are seconds since the epoch."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._called: dict[str, float] = {}

    def calling(self, message_id: str, at: float) -> None:
        """The provider is called now."""
        self._called[message_id] = at

    def attempted(self, claim: Claim, result: Result, began: float, answered: float, ended: float) -> None:
        """The attempt ended. answered: when the outcome was known; ended: when it was written down."""
        failed, trace = result.outcome in FAILED, claim.trace
        told: dict[str, str | int] = {"provider": result.fact.provider, "outcome": result.outcome}
        span = self._tracer.start("attempt", "consumer", began, parent_of(trace))
        called = self._called.pop(result.id, None)
        if called is not None:
            status: dict[str, str | int] = {} if result.status_code is None else {"status": result.status_code}
            call = self._tracer.start("call provider", "client", called, span.traceparent)
            call.end(answered, failed=failed, **told, **status)
        if trace is not None:
            told["request_id"] = named(trace)["request_id"]
        span.end(ended, failed=failed, id=result.id, pool=claim.job.pool, attempt=result.number, **told)
