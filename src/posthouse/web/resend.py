"""A message sent once more: the same content under a new id, and the new record names the old one."""

from posthouse.intake.accept import Objection
from posthouse.mail.event import UNFINISHED
from posthouse.mail.problem import Flaw
from posthouse.store.values import Record
from posthouse.web.answer import Answer, problem
from posthouse.web.door import Door
from posthouse.web.fields import few
from posthouse.web.messages import accepted, idempotency_key
from posthouse.web.query import ID
from posthouse.web.refusal import UNKNOWN, refusal
from posthouse.web.replay import replayed, taken
from posthouse.web.request import Request
from posthouse.web.words import read_words, truth


async def resend(door: Door, request: Request) -> Answer:
    """POST /email/{id}/resend"""
    door.must_be_open()
    message_id, once_key = request.parameters["id"], idempotency_key(request.headers)
    force = read_words(await few(door, request), {"force": truth}).get("force", False)
    stored = await door.store.content(message_id, request.caller.sees) if ID.fullmatch(message_id) else None
    if stored is None:
        return UNKNOWN
    pool = door.intake.pools.get(stored.record.pool)
    if stored.message is None or pool is None:
        gone = "its content is kept no longer" if stored.message is None else "its pool is configured no longer"
        return problem(409, "content-gone", f"It cannot be sent again: {gone}.", id=message_id)
    against = None if force else _against(stored.record)
    if against is not None:
        return problem(409, against.code, against.message, id=message_id, message_status=stored.record.status)
    excess = door.charge(request.caller, 1)
    charged = 1 if excess is None else 0
    try:
        entry = door.intake.again(stored, stored.message, pool, request.caller, once_key, request.trace)
        if isinstance(entry, Objection):
            receipt = await replayed(door, entry, excess or refusal(entry))
        elif excess is not None:
            receipt = await replayed(door, entry, excess)
        else:
            receipt = taken((await door.intake.add((entry,)))[0])
            if not receipt.replayed:
                door.accepted(entry, request)
    except BaseException:
        door.give_back(request.caller, charged)
        raise
    if receipt.replayed:
        door.give_back(request.caller, charged)
    return accepted(receipt, resent_from=message_id)


def _against(record: Record) -> Flaw | None:
    """Why it should not be sent once more, unless whoever asks insists."""
    if record.status == "held":
        return Flaw("held", 'It may have been sent already. To send it all the same, say {"force": true}.')
    if record.status == "delivered" or any(event.type == "delivered" for event in record.events):
        return Flaw("delivered", 'It was delivered already. To send it all the same, say {"force": true}.')
    if record.status in UNFINISHED:
        return Flaw("unfinished", 'It is still to be sent. To send it twice all the same, say {"force": true}.')
    return None
