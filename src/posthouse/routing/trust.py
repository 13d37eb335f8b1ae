"""Whether a provider with a closed circuit is trusted. Between well and an open circuit there is doubt.

A distrusted provider is probed like one with an open circuit, and it comes after all others that a message has not
tried; but it carries what nobody else can. So trust may be lost early, by a falling health or by one failure soon after
it came back: that stops no mail. It returns when enough calls have passed, and then a growing share of messages finds
the provider trusted. What is said here is of closed circuits only; one that closes is distrusted until the rest of the
probes has passed.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from posthouse.routing.breaker import LATE_S
from posthouse.routing.ramp import admitted_at, on_probation, ramping

if TYPE_CHECKING:
    from posthouse.routing.board import Fact
    from posthouse.routing.breaker import Breaker
    from posthouse.routing.rules import BreakerRules


class Trust(msgspec.Struct, frozen=True):
    """lost_at: None while it is trusted. why: what took the trust, for a person. probe_at: when it may be tested next.

    probing: a test is on its way. passes: calls in a row that passed. regained_at: when trust last came back, 0 where
    it never had to. Times in seconds since the epoch.
    """

    lost_at: float | None = None
    why: str = ""
    probe_at: float = 0.0
    probing: bool = False
    passes: int = 0
    regained_at: float = 0.0

    def may_probe(self, now: float) -> bool:
        """Whether one test may start now."""
        return self.lost_at is not None and now >= self.probe_at and not self.probing

    def stale(self, began: float | None, at: float) -> bool:
        """Whether the answer that came `at` to a call that `began` speaks of a time before trust last changed."""
        if began is None:
            return False
        return began < self.regained_at <= at + LATE_S if self.lost_at is None else began <= self.lost_at


TRUSTED: Final = Trust()


def doubt(trust: Trust, rules: "BreakerRules", now: float, message_id: str, provider: str) -> str | None:
    """Why this message finds the provider distrusted; None where it finds it trusted.

    Where messages are the probes, the one that comes when a test is due finds it trusted, and is the test.
    """
    if trust.lost_at is not None:
        return None if rules.traffic and trust.may_probe(now) else "distrusted: " + trust.why
    if ramping(trust.regained_at, rules, now) and admitted_at(trust.regained_at, rules, message_id, provider) > now:
        return "distrusted until a moment ago: its share of messages grows step by step"
    return None


def observed(
    trust: Trust, was: "Breaker", circuit: "Breaker", fact: "Fact", health: float, rules: "BreakerRules"
) -> Trust:
    """Trust after an answer that made `circuit` of what the circuit `was`. health: 0 to 1, after that answer."""
    if circuit.opened_at is not None:
        return TRUSTED
    if was.opened_at is not None:
        why = "its circuit was open" if was.why is None else "its circuit was open: " + was.why
        return _passed(Trust(fact.at, why), rules, fact.at)
    if (trust.lost_at is None and fact.health >= 0) or trust.stale(fact.began, fact.at):
        return trust
    test = fact.probe or (rules.traffic and trust.probing)
    if fact.health < 0:
        return _failed(trust, rules, fact.at, health, test=test)
    if fact.health > 0:
        # A message that it carried for want of another counts as well, but not more often than a test might.
        return _passed(trust, rules, fact.at, test=test) if test or fact.at >= trust.probe_at else trust
    return msgspec.structs.replace(trust, probing=False, probe_at=fact.at + rules.probe_again_s) if test else trust


def under_test(trust: Trust) -> Trust:
    """A test has started; no other starts until its answer is known."""
    return msgspec.structs.replace(trust, probing=True) if trust.lost_at is not None else trust


def over(trust: Trust) -> Trust:
    """The test ended without an answer: another may start."""
    return msgspec.structs.replace(trust, probing=False) if trust.probing else trust


def _passed(trust: Trust, rules: "BreakerRules", now: float, *, test: bool = True) -> Trust:
    passes = trust.passes + 1
    if passes >= rules.probe_passes:
        return Trust(regained_at=now)
    probing = trust.probing and not test
    return Trust(trust.lost_at, trust.why, now + rules.probe_again_s, probing, passes)


def _failed(trust: Trust, rules: "BreakerRules", now: float, health: float, *, test: bool) -> Trust:
    again_at = now + rules.probe_every_s
    if trust.lost_at is not None:
        return Trust(trust.lost_at, trust.why, again_at, trust.probing and not test)
    if on_probation(trust.regained_at, rules, now):
        return Trust(now, "it failed again just after it had come back", again_at)
    if health < rules.health:
        return Trust(now, f"its health fell below {rules.health:g}", again_at)
    return trust
