"""What an operator wants of a pool: its providers, how to order them, when to stop asking one, when to give up."""

from typing import Literal

import msgspec

from posthouse.mail.message import OnUnsure

Strategy = Literal["priority", "weighted", "score"]


class Rate(msgspec.Struct, frozen=True):
    """At most `count` sends started in any `per_s` seconds."""

    count: int
    per_s: float


class BreakerRules(msgspec.Struct, frozen=True):
    """When a circuit opens: `failures` in a row, or a share of `rate` among at least `min_calls` within `window_s`.

    probe_every_s: how long an open circuit stays closed to everything before one probe may pass; one that passes closes
    it. A distrusted provider waits as long after a failure.
    traffic: whether that probe is a customer's message (otherwise it is the provider's health call).
    refusals: it opens also after so many refused messages in a row without a success in between; 0: never for that.
    health: below this health, the one that scores count with, a provider is distrusted; 0: never for that.
    probe_passes, probe_again_s: how many probes in a row must pass before it is trusted, and the time between those.
    ramp_steps, ramp_step_s: once its circuit has closed, and once it is trusted again, it is given a share of the
    messages that doubles with each step and is whole after the last; 0 steps: all at once. One failure in this time, or
    within probation_s of being trusted again, and it is distrusted anew.
    """

    failures: int = 5
    rate: float = 0.5
    window_s: float = 30.0
    min_calls: int = 20
    probe_every_s: float = 5.0
    traffic: bool = False
    refusals: int = 20
    health: float = 0.8
    probe_passes: int = 8
    probe_again_s: float = 0.4
    ramp_steps: int = 4
    ramp_step_s: float = 1.0
    probation_s: float = 10.0


class ScoreRules(msgspec.Struct, frozen=True):
    """How a score moves: health times `degrade` on a failure, times `degrade` plus `gain` on a success, at most 1.

    restore_s: so long after the last failure that counted the score is the full base again.
    """

    degrade: float = 0.9
    gain: float = 0.1
    restore_s: float = 300.0


class RetryRules(msgspec.Struct, frozen=True):
    """Backoff between rounds: first_s, then times `factor` each, at most max_s; given up after give_up_after_s."""

    first_s: float = 5.0
    factor: float = 2.0
    max_s: float = 3600.0
    give_up_after_s: float = 86400.0


class Candidate(msgspec.Struct, frozen=True):
    """One provider of a pool as routing sees it.

    order: priority strategy, smallest first. weight: weighted strategy, a share. score: score strategy, the base.
    can: flags of `Can`. max_bytes, max_recipients: of one message. concurrency: sends at the same time. reserved: it
    carries only what asks for it by name. daily, monthly: quotas of sends in a UTC day and calendar month; None: none.
    elsewhere: other processes have all of its share.
    """

    name: str
    order: int = 1
    weight: float = 1.0
    score: float = 50.0
    can: int = 2047
    max_bytes: int = 10_000_000
    max_recipients: int = 50
    tags: frozenset[str] = frozenset()
    enabled: bool = True
    rate: Rate | None = None
    concurrency: int = 64
    reserved: bool = False
    daily: int | None = None
    monthly: int | None = None
    elsewhere: bool = False

    @property
    def has_quota(self) -> bool:
        """Whether so much may be sent through it in a day or a month, and no more."""
        return self.daily is not None or self.monthly is not None


class Rules(msgspec.Struct, frozen=True):
    """Everything routing knows of one pool.

    failover: how many providers one round may try; None for all of them.
    """

    pool: str
    strategy: Strategy = "priority"
    candidates: tuple[Candidate, ...] = ()
    breaker: BreakerRules = BreakerRules()
    retry: RetryRules = RetryRules()
    failover: int | None = None
    on_unsure: OnUnsure = "failover"
    scoring: ScoreRules = ScoreRules()


class Course(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """How far a message has come: kept with it, so that any worker goes on where the last one stopped.

    round: full rounds behind it. tried: providers asked in this round. refused: providers that will not take this
    message, ever. again: the one provider left to ask (an attempt there ended in doubt and is to be repeated there).
    doubt: an attempt ended without an answer, so one more send may be the second. served: some recipients have it.
    """

    round: int = 0
    tried: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    again: str | None = None
    doubt: bool = False
    served: bool = False


START = Course()


class Job(msgspec.Struct, frozen=True):
    """A message as routing sees it: what it needs, what its sender asked for, how far it has come.

    needs: flags of `Can`. size: bytes of content. recipients: how many are still owed. expires_at, give_up_at: seconds
    since the epoch. provider: sent through this one or not at all.
    """

    id: str
    pool: str
    give_up_at: float
    needs: int = 0
    size: int = 0
    recipients: int = 1
    provider: str | None = None
    require_tags: frozenset[str] = frozenset()
    on_unsure: OnUnsure | None = None
    expires_at: float | None = None
    course: Course = START

    @property
    def ends_at(self) -> float:
        """When its time is over: it expires, or is given up."""
        return self.give_up_at if self.expires_at is None else min(self.give_up_at, self.expires_at)
