"""The slow start of a provider that comes back, so that neither its backlog nor all the mail knocks it over again.

The share of messages it may carry doubles with each step: with four steps 1/16, 1/8, 1/4, 1/2, then all. A hash of
message and provider says when a message is admitted, so every worker and every retry says the same. It is the same hash
when a circuit has closed and when trust has returned. `since` is that moment, in seconds since the epoch; 0 where there
was none.
"""

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from posthouse.routing.rules import BreakerRules


def ramping(since: float, rules: "BreakerRules", now: float) -> bool:
    """Whether the ramp is under way."""
    return 0.0 < since <= now < since + rules.ramp_steps * rules.ramp_step_s


def on_probation(since: float, rules: "BreakerRules", now: float) -> bool:
    """Whether it came back so lately that one failure is enough to lose trust again: the ramp, and what follows."""
    return 0.0 < since <= now < since + max(rules.ramp_steps * rules.ramp_step_s, rules.probation_s)


def share(since: float, rules: "BreakerRules", now: float) -> float:
    """The share of messages that is admitted at `now`, while it ramps up."""
    return 0.5 ** (rules.ramp_steps - int((now - since) / rules.ramp_step_s))


def admitted_at(since: float, rules: "BreakerRules", message_id: str, provider: str) -> float:
    """When a message is admitted, in seconds since the epoch."""
    digest = blake2b(f"ramp\0{message_id}\0{provider}".encode(), digest_size=8).digest()
    draw, step = int.from_bytes(digest, "big") / 2.0**64, rules.ramp_steps
    while step > 0 and draw < 0.5 ** (rules.ramp_steps - step + 1):
        step -= 1
    return since + step * rules.ramp_step_s
