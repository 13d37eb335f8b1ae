"""The slow start of a provider whose circuit a probe has just closed, so that its backlog does not knock it over again.

The share of messages it may carry doubles with each step: with four steps 1/16, 1/8, 1/4, 1/2, then all. A hash of
message and provider says when a message is admitted, so every worker and every retry says the same.
"""

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from posthouse.routing.breaker import Breaker
    from posthouse.routing.rules import BreakerRules


def ramping(circuit: "Breaker", rules: "BreakerRules", now: float) -> bool:
    """Whether the ramp is under way. A circuit that never opened has none."""
    closed_at = circuit.closed_at
    if closed_at <= 0.0 or circuit.opened_at is not None:
        return False
    return closed_at <= now < closed_at + rules.ramp_steps * rules.ramp_step_s


def on_probation(circuit: "Breaker", rules: "BreakerRules", now: float) -> bool:
    """Whether a probe closed it so lately that one failure is enough to open it again, though it carries its all."""
    return 0.0 < circuit.closed_at <= now < circuit.closed_at + rules.probation_s


def share(circuit: "Breaker", rules: "BreakerRules", now: float) -> float:
    """The share of messages that a ramping circuit lets pass at `now`."""
    return 0.5 ** (rules.ramp_steps - int((now - circuit.closed_at) / rules.ramp_step_s))


def admitted_at(circuit: "Breaker", rules: "BreakerRules", message_id: str, provider: str) -> float:
    """When a message may pass a ramping circuit, in seconds since the epoch."""
    digest = blake2b(f"ramp\0{message_id}\0{provider}".encode(), digest_size=8).digest()
    draw, step = int.from_bytes(digest, "big") / 2.0**64, rules.ramp_steps
    while step > 0 and draw < 0.5 ** (rules.ramp_steps - step + 1):
        step -= 1
    return circuit.closed_at + step * rules.ramp_step_s
