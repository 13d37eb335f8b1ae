"""Leaving out the recipients that must not be sent to."""

import msgspec

from posthouse.mail.event import Status
from posthouse.routing.retry import Happening
from posthouse.routing.rules import Course
from posthouse.store.values import Claim


def without_suppressed(claim: Claim) -> tuple[Claim, tuple[Happening, ...]]:
    """The claim with only those owed that may be sent to, and what is to be told of the others."""
    if not claim.suppressed:
        return claim, ()
    owed = [recipient.email for recipient in claim.message.recipients] if claim.owed is None else claim.owed
    left = tuple(email for email in owed if email.lower() not in claim.suppressed)
    told = tuple(
        Happening("suppressed", "on the pool's list of those not to be sent to", email)
        for email in owed
        if email.lower() in claim.suppressed
    )
    if not told:
        return claim, ()
    job = msgspec.structs.replace(claim.job, recipients=len(left))
    return msgspec.structs.replace(claim, owed=left, job=job), told


def status_without_anybody(course: Course) -> Status:
    """How a message ends of which nobody is left to be sent to: by what went before."""
    if course.served:
        return "sent"
    return "held" if course.doubt else "suppressed"
