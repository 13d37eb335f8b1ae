"""Who waits for a message that nobody can carry is told so at once, provider by provider."""

from collections.abc import Mapping
from math import ceil
from typing import Final

from posthouse.intake.policy import SANDBOX
from posthouse.routing.router import Decision, Wait
from posthouse.web.answer import Refused, problem, retry_after

OUT: Final = ("its circuit is open", "paused", "drained")
"""How routing begins to say that a provider carries nothing until it is well again, or somebody wants it to."""

PASSING: Final = (
    *("its pace", "busy", "comes after", "its circuit has just closed"),
    *("what is left of its quota", "its daily quota", "its monthly quota"),
)
"""How it begins to say what passes with time alone: such a message is taken, and waits."""


def outage(decision: Decision) -> Mapping[str, str] | None:
    """provider → why, where all that could carry the message are out; None where somebody may, sooner or later."""
    if not isinstance(decision, Wait):
        return None
    reasons = {provider: why for provider, why in decision.passed_over if provider != SANDBOX}
    if any(why.startswith(PASSING) for why in reasons.values()):
        return None
    return reasons if any(why.startswith(OUT) for why in reasons.values()) else None


def refuse_outage(decision: Decision, now: float) -> None:
    """Refused with 503 where nobody can carry it now; nothing of it was stored."""
    reasons = outage(decision)
    if reasons is not None and isinstance(decision, Wait):
        detail = "No provider can carry it now, and the call would wait in vain. Nothing of this request was stored."
        wait = retry_after(max(1, ceil(decision.until - now)))
        raise Refused(problem(503, "no-provider", detail, wait, reasons=reasons))
