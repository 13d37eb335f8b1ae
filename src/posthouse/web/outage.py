"""Who waits for a message that nobody can carry is told so at once, provider by provider."""

from collections.abc import Mapping
from math import ceil
from typing import Final

from posthouse.clock import rfc3339
from posthouse.intake.policy import SANDBOX
from posthouse.routing.explain import Explanation, Verdict
from posthouse.web.answer import Answer, problem, retry_after

OUT: Final = frozenset({"enabled", "switch", "circuit"})
"""The rules that hold until a provider is well again, or somebody wants it to be used. The others pass with time."""


def outage(found: Explanation) -> Mapping[str, str] | None:
    """provider → why, where all that could carry the message are out; None where somebody may, sooner or later."""
    if found.decision != "wait":
        return None
    able = [verdict for verdict in found.verdicts if verdict.ready_at is not None]
    if not able or not all(any(not ok and name in OUT for name, ok, _ in verdict.filters) for verdict in able):
        return None
    return {verdict.name: _why(verdict) for verdict in found.verdicts if verdict.name != SANDBOX}


def told_outage(found: Explanation, now: float) -> Answer | None:
    """503 where nobody can carry it now; nothing of it was stored."""
    reasons = outage(found)
    if reasons is None or found.until is None:
        return None
    detail = (
        f"No provider can carry it now, not before {rfc3339(found.until)}, and the call would wait in vain. "
        "Nothing of this request was stored."
    )
    return problem(503, "no-provider", detail, retry_after(max(1, ceil(found.until - now))), reasons=reasons)


def _why(verdict: Verdict) -> str:
    """What stands against a provider: of several rules, one that will not pass by itself."""
    against = [check for check in verdict.filters if not check.ok]
    lasting = [check for check in against if check.name in OUT or verdict.ready_at is None]
    return next((check.why or check.name for check in (*lasting, *against)), "")
