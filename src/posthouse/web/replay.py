"""A request that came before, and comes again under its Idempotency-Key: it asks for nothing new.

What would be said against a new message (a limit, an outage, a rule of the pool) is not said against it. It is looked
for only where something would be; otherwise the store finds it in the transaction that adds.
"""

from posthouse.intake.accept import Objection
from posthouse.store.values import Entry, Mismatch, Receipt
from posthouse.web.answer import Answer, Refused, problem
from posthouse.web.door import Door
from posthouse.web.refusal import MISMATCH


async def came(door: Door, asked: Entry | Objection) -> Receipt | Mismatch | None:
    """What is said to that request where its key was used before; None where it is new, or has no key."""
    return None if asked.once is None else await door.store.remembered(asked.pool, asked.once, door.clock.now())


async def replayed(door: Door, asked: Entry | Objection, against: Answer) -> Receipt:
    """The receipt of that request. Refused with `against` where it is a new one, with 422 where it was another one."""
    found = await came(door, asked)
    if found is None:
        raise Refused(against)
    return taken(found)


def taken(found: Receipt | Mismatch) -> Receipt:
    """Refused with 422 where the key was used for another request."""
    if isinstance(found, Mismatch):
        raise Refused(problem(422, "idempotency-mismatch", MISMATCH))
    return found
