"""The circuit of one provider in one pool: closed while it works, open while it fails, one probe in between.

A closed circuit opens after so many failures in a row, when too large a share of the calls of a sliding window
failed, at once where the provider does not know us, and when it refuses message after message. An open one carries
nothing until a probe has passed; one probe at a time. A closed circuit does not mean that the provider is trusted:
that is said in `trust`.
"""

from typing import Literal

import msgspec

from posthouse.routing.rules import BreakerRules

State = Literal["closed", "open", "half-open"]
Bucket = tuple[int, int, int]
"""Number of the time slice, calls, failures."""

SLICES = 6
"""The window is counted in so many slices: its edge is exact to a sixth."""


LATE_S = 10.0
"""An answer that another process was given may be known here so much later."""


class Breaker(msgspec.Struct, frozen=True):
    """Facts of one circuit. opened_at: None while closed. probe_at: when the next probe may pass, once open.

    probing: a probe is on its way. closed_at: when a probe last closed it, 0 where none ever had to. refused: messages
    refused in a row without a success in between. why: what opened it, for a person. Times in seconds since the epoch.
    """

    failures: int = 0
    buckets: tuple[Bucket, ...] = ()
    opened_at: float | None = None
    probe_at: float = 0.0
    probing: bool = False
    closed_at: float = 0.0
    refused: int = 0
    why: str | None = None

    def state(self, now: float) -> State:
        if self.opened_at is None:
            return "closed"
        return "half-open" if now >= self.probe_at else "open"

    def may_probe(self, now: float) -> bool:
        """Whether one probe may start now."""
        return self.opened_at is not None and now >= self.probe_at and not self.probing

    def stale(self, began: float | None, at: float) -> bool:
        """Whether the answer that came `at` to a call that `began` speaks of a time before the circuit last changed.

        On an open circuit the others are answers to probes; began None (not known) is taken for one while one is on
        its way.
        """
        if self.opened_at is None:
            return began is not None and began < self.closed_at <= at + LATE_S
        return not self.probing if began is None else began <= self.opened_at


CLOSED = Breaker()


def probing(breaker: Breaker) -> Breaker:
    """One probe has started; no other passes until its answer is known."""
    return msgspec.structs.replace(breaker, probing=True)


def succeeded(breaker: Breaker, rules: BreakerRules, now: float, began: float | None = None) -> Breaker:
    """A call went well. On an open circuit it was a probe, or a send that another worker's closed one let pass."""
    if breaker.stale(began, now):
        return breaker
    if breaker.opened_at is not None:
        return Breaker(closed_at=now)
    return Breaker(buckets=_counted(breaker.buckets, rules, now, failed=0), closed_at=breaker.closed_at)


def failed(
    breaker: Breaker, rules: BreakerRules, now: float, began: float | None = None, *, at_once: bool = False
) -> Breaker:
    """A call went wrong; `at_once` opens the circuit whatever the count (wrong key, suspended)."""
    if breaker.stale(began, now):
        return breaker
    if breaker.opened_at is not None:
        return _open(breaker, breaker.opened_at, now, rules)
    failures = breaker.failures + 1
    buckets = _counted(breaker.buckets, rules, now, failed=1)
    why = _cause(failures, buckets, rules, at_once=at_once)
    breaker = Breaker(failures, buckets, closed_at=breaker.closed_at, refused=breaker.refused, why=why)
    return breaker if why is None else _open(breaker, now, now, rules)


def refused(breaker: Breaker, rules: BreakerRules, now: float, began: float | None = None) -> Breaker:
    """A message was refused: its own fault, unless the provider refuses all. A refused probe tells nothing."""
    if breaker.opened_at is not None:
        return unanswered(breaker, now, began)
    if breaker.stale(began, now):
        return breaker
    breaker = msgspec.structs.replace(breaker, refused=breaker.refused + 1)
    if not rules.refusals or breaker.refused < rules.refusals:
        return breaker
    why = f"{breaker.refused} refusals in a row without a success"
    return _open(msgspec.structs.replace(breaker, why=why), now, now, rules)


def unanswered(breaker: Breaker, now: float, began: float | None = None) -> Breaker:
    """A call ended in nothing that speaks for or against the provider: if it was the probe, another may pass."""
    if not breaker.probing or breaker.stale(began, now):
        return breaker
    return msgspec.structs.replace(breaker, probing=False)


def over(breaker: Breaker) -> Breaker:
    """The probe ended, whether its answer is known or not: another may pass."""
    return msgspec.structs.replace(breaker, probing=False) if breaker.probing else breaker


def recounted(breaker: Breaker) -> Breaker:
    """The circuit under a window of another length: its slices are numbered afresh, so the count starts anew."""
    return msgspec.structs.replace(breaker, buckets=())


def _open(breaker: Breaker, since: float, now: float, rules: BreakerRules) -> Breaker:
    return Breaker(
        breaker.failures, breaker.buckets, opened_at=since, probe_at=now + rules.probe_every_s, why=breaker.why
    )


def _cause(failures: int, buckets: tuple[Bucket, ...], rules: BreakerRules, *, at_once: bool) -> str | None:
    """Why a circuit opens by its latest failure; None where it stays closed."""
    if at_once:
        return "unauthorised"
    if failures >= rules.failures:
        return f"{failures} failure{'s' if failures > 1 else ''} in a row"
    calls = sum(bucket[1] for bucket in buckets)
    share = sum(bucket[2] for bucket in buckets) / calls
    if calls >= rules.min_calls and share >= rules.rate:
        return f"{share:.0%}".replace("%", " %") + f" of {calls} calls in {rules.window_s:g} s failed"
    return None


def _counted(buckets: tuple[Bucket, ...], rules: BreakerRules, now: float, failed: int) -> tuple[Bucket, ...]:
    """The window with one more call in it. A late fact lands in the slice of its own time, or nowhere if too old."""
    slice_no = int(now * SLICES / rules.window_s)
    if buckets and buckets[-1][0] == slice_no:
        _, calls, failures = buckets[-1]
        return (*buckets[:-1], (slice_no, calls + 1, failures + failed))
    counts = {number: (calls, failures) for number, calls, failures in buckets}
    calls, failures = counts.get(slice_no, (0, 0))
    counts[slice_no] = (calls + 1, failures + failed)
    newest = max(counts)
    return tuple((n, *counts[n]) for n in sorted(counts) if n > newest - SLICES)
