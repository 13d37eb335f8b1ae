"""The calls about messages: hand one in, look at it, list them, take one back."""

import asyncio
import re
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final

from posthouse.intake.accept import Objection
from posthouse.intake.policy import PoolPolicy
from posthouse.mail.event import UNFINISHED
from posthouse.mail.problem import Refusal
from posthouse.store.contract import StoreDown
from posthouse.store.values import Cancel, Entry, Receipt
from posthouse.web.answer import Answer, Refused, answer, problem
from posthouse.web.cursor import sealed
from posthouse.web.door import Door
from posthouse.web.fields import early, given
from posthouse.web.outage import told_outage
from posthouse.web.pool import pool_of_sender
from posthouse.web.query import ID, read_query
from posthouse.web.record import shown
from posthouse.web.refusal import UNKNOWN, refusal
from posthouse.web.replay import replayed, taken
from posthouse.web.request import Headers, Request

WAIT_MAX_S: Final = 60.0
"""The longest `Prefer: wait`."""

GIVEN_UP: Final = frozenset({"failed", "expired", "suppressed"})
"""The states of a message that is over although no provider accepted it."""

_ONCE_KEY: Final = re.compile(rb"[!-~]{1,255}")
_WAIT: Final = re.compile(rb"(?:^|[,;\s])wait\s*=\s*\"?(\d+)\"?(?:$|[,;\s])", re.IGNORECASE)


async def submit(door: Door, request: Request, pool: PoolPolicy | None = None) -> Answer:
    """POST /email. pool: the one it goes through; None for the key's, or the sender's."""
    door.must_be_open()
    once_key = idempotency_key(request.headers)
    excess = door.charge(request.caller, 1)
    if excess is not None and once_key is None:
        raise Refused(excess)
    charged = 1 if excess is None else 0
    wait_s = _wait_s(request.headers)
    try:
        fields = early(door, request)
        if fields is not None:
            receipt = await _taken(door, request, pool, once_key, wait_s is not None, excess, fields)
        else:
            take = partial(_taken, door, request, pool, once_key, wait_s is not None, excess)
            receipt = await given(door, request, take)
    except BaseException:
        door.give_back(request.caller, charged)
        raise
    if receipt.replayed:
        door.give_back(request.caller, charged)
    return accepted(receipt) if wait_s is None else await _waited(door, receipt, wait_s)


async def _taken(
    door: Door,
    request: Request,
    pool: PoolPolicy | None,
    once_key: str | None,
    waits: bool,
    excess: Answer | None,
    fields: dict[str, Any],
) -> Receipt:
    """The receipt of a message that is on disk; Refused for everything else.

    waits: the caller would for its end. excess: what is said to a new one, where the caller's limits are used up.
    """
    caller, intake = request.caller, door.intake
    found = pool or pool_of_sender(door, caller, fields)
    entry = found if isinstance(found, Refusal) else intake.entry(fields, found, caller, once_key, request.trace)
    if isinstance(entry, Objection):
        return await replayed(door, entry, excess or refusal(entry))
    if isinstance(entry, Refusal):
        raise Refused(excess or refusal(entry))
    against = excess or (_outage(door, entry) if waits and entry.status == "queued" else None)
    if against is not None:
        return await replayed(door, entry, against)
    receipt = taken((await intake.add((entry,)))[0])
    if not receipt.replayed:
        door.accepted(entry, request)
    return receipt


def _outage(door: Door, entry: Entry) -> Answer | None:
    why = door.outlook(entry)
    return None if why is None else told_outage(why, door.clock.now())


async def show(door: Door, request: Request) -> Answer:
    """GET /email/{id}"""
    message_id = request.parameters["id"]
    record = await door.store.find(message_id, request.caller.sees) if ID.fullmatch(message_id) else None
    return UNKNOWN if record is None else answer(200, shown(record))


async def page(door: Door, request: Request) -> Answer:
    """GET /email"""
    asked, name = read_query(request.query, request.caller)
    found = await door.store.page(asked)
    messages = [shown(record, whole=False) for record in found]
    following = None if found.after is None else sealed(found.after, request.caller, name)
    return answer(200, {"messages": messages, "next_cursor": following})


async def cancel(door: Door, request: Request) -> Answer:
    """DELETE /email/{id}"""
    message_id = request.parameters["id"]
    if not ID.fullmatch(message_id):
        return UNKNOWN
    now = door.clock.now()
    status, *_ = await door.store.cancel([Cancel(message_id, request.caller.sees, now)])
    if status is None:
        return UNKNOWN
    if status == "cancelled":
        await _count_cancelled(door, message_id, now)
        return answer(200, {"id": message_id, "status": status})
    why = "it is over, and no more attempt is made" if status in GIVEN_UP else "a provider may have it already"
    return problem(409, "too-late", f"It is too late to cancel: {why}.", id=message_id, message_status=status)


async def _count_cancelled(door: Door, message_id: str, at: float) -> None:
    """Count it, where this call ended it: to cancel once more is answered alike, and ends nothing."""
    with suppress(StoreDown):
        record = await door.store.find(message_id, None)
        if record is not None and any(event.type == "cancelled" and event.at == at for event in record.events):
            door.tally.ended[record.pool, "cancelled"] += 1


def accepted(receipt: Receipt, **members: object) -> Answer:
    """202: it is on disk."""
    location = (b"location", f"/email/{receipt.id}".encode())
    document = {"id": receipt.id, "status": receipt.status, **members}
    if receipt.replayed:
        return answer(202, document, location, (b"idempotency-replayed", b"true"))
    return answer(202, document, location)


def idempotency_key(headers: Headers) -> str | None:
    """The Idempotency-Key. Refused with 400 where it is none."""
    key = headers.get(b"idempotency-key")
    if key is None:
        return None
    if not _ONCE_KEY.fullmatch(key):
        detail = "Expected 1 to 255 printable ASCII characters without spaces in Idempotency-Key."
        raise Refused(problem(400, "idempotency-key", detail))
    return key.decode("ascii")


async def _waited(door: Door, receipt: Receipt, wait_s: float) -> Answer:
    """The final state; that it was accepted, where there is none in time, or the server stops before."""
    try:
        await _first(door.store.settled(receipt.id, min(wait_s, WAIT_MAX_S)), door.stopping.wait())
        record = await door.store.find(receipt.id, None)
    except StoreDown:
        return accepted(receipt)
    if record is None or record.status in UNFINISHED:
        return accepted(receipt)
    location = (b"location", f"/email/{receipt.id}".encode())
    replayed = ((b"idempotency-replayed", b"true"),) if receipt.replayed else ()
    return answer(200, shown(record), location, *replayed)


async def _first(*calls: Coroutine[Any, Any, object]) -> None:
    """Until the first of them is over; the others are called off."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def _wait_s(headers: Headers) -> float | None:
    prefer = headers.get(b"prefer")
    found = _WAIT.search(prefer) if prefer is not None else None
    return None if found is None else float(found[1])
