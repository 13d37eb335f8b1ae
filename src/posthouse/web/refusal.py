"""How the things that may be wrong with a message, or stand in its way, are answered."""

from typing import Final

from posthouse.intake.policy import FORBIDDEN
from posthouse.mail.problem import Refusal
from posthouse.store.contract import StoreDown
from posthouse.web.answer import Answer, problem, retry_after

UNKNOWN: Final = problem(404, "unknown-message", "There is no such message here.")

MISMATCH: Final = "This Idempotency-Key was used for another request; a new message needs a new key."


def refusal(refused: Refusal) -> Answer:
    """422 with everything that is wrong; 403 where all of it is understood, and not allowed."""
    forbidden = all(found.code in FORBIDDEN for found in refused.problems)
    count = len(refused.problems)
    detail = f"{count} problem{'s' if count > 1 else ''} with the message; nothing was stored."
    if forbidden:
        return problem(403, "not-allowed", detail, problems=refused.problems)
    return problem(422, "message", detail, problems=refused.problems)


def down(error: StoreDown, handing_in: bool) -> Answer:
    """503: nothing was kept, or nobody can say. handing_in: whether the call makes a message; with an Idempotency-Key
    such a call may be made again safely."""
    if handing_in:
        detail = f"The message was not taken: {error}. Send it again, with an Idempotency-Key so that it is taken once."
    else:
        detail = f"The call cannot be answered: {error}. Make it again later."
    return problem(503, "store-down", detail, retry_after(5))
