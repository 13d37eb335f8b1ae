"""Many messages in one call, in one transaction, each with a result of its own."""

import asyncio
from typing import Any, Final

import msgspec

from posthouse.intake.accept import Objection
from posthouse.mail.problem import Problem, Refusal
from posthouse.store.values import Entry, Mismatch, Receipt
from posthouse.web.answer import Answer, Refused, answer, problem
from posthouse.web.door import Door
from posthouse.web.fields import given
from posthouse.web.messages import idempotency_key
from posthouse.web.pool import pool_of_sender
from posthouse.web.refusal import MISMATCH
from posthouse.web.replay import came, replayed
from posthouse.web.request import Request

MOST: Final = 1000
"""Messages in one call."""

BREATH: Final = 25
"""So many are judged before others get a turn: a thousand take some thirty milliseconds."""

Result = Receipt | tuple[Problem, ...]


async def submit(door: Door, request: Request) -> Answer:
    """POST /email/batch"""
    door.must_be_open()
    once_key = idempotency_key(request.headers)

    async def taken(fields: dict[str, Any]) -> list[Result]:
        messages = _messages(fields)
        excess = door.charge(request.caller, len(messages))
        if excess is not None and once_key is None:
            raise Refused(excess)
        kept = 0
        try:
            results = await _taken(door, request, messages, once_key, excess)
            kept = sum(isinstance(result, Receipt) and not result.replayed for result in results)
        finally:
            door.give_back(request.caller, len(messages) - kept if excess is None else 0)
        return results

    results = await given(door, request, taken)
    receipts = [result for result in results if isinstance(result, Receipt)]
    replayed = bool(receipts) and all(receipt.replayed for receipt in receipts)
    document = {"results": [_shown(result) for result in results]}
    return answer(200, document, *(((b"idempotency-replayed", b"true"),) if replayed else ()))


async def _taken(
    door: Door, request: Request, messages: list[Any], once_key: str | None, excess: Answer | None
) -> list[Result]:
    """A result for each message, in order; those that are good are on disk together.

    excess: what is said to a new one, where the caller's limits are used up: then all must have come before.
    """
    judged: list[Entry | Result] = []
    for place, fields in enumerate(messages):
        entry = _entry(door, request, fields, place, once_key)
        if excess is not None and not isinstance(entry, tuple):
            judged.append(await replayed(door, entry, excess))
        elif isinstance(entry, Objection):
            found = await came(door, entry)
            judged.append(_placed(entry, place) if found is None else _result(found, place))
        else:
            judged.append(entry)
        if place % BREATH == BREATH - 1:
            await asyncio.sleep(0)
    if excess is not None and not any(isinstance(one, Receipt) for one in judged):
        raise Refused(excess)
    entries = [entry for entry in judged if isinstance(entry, Entry)]
    taken = await door.intake.add(entries)
    for entry, receipt in zip(entries, taken, strict=True):
        if isinstance(receipt, Receipt) and not receipt.replayed:
            door.accepted(entry, request)
    answers = iter(taken)
    return [_result(next(answers), place) if isinstance(one, Entry) else one for place, one in enumerate(judged)]


def _entry(
    door: Door, request: Request, fields: Any, place: int, once_key: str | None
) -> Entry | Objection | tuple[Problem, ...]:
    """One message as it will be stored, what is said against it, or what is wrong with it."""
    if not isinstance(fields, dict):
        return (Problem("field-type", f"messages[{place}]", "Expected an object: the fields of one message."),)
    # No key of a request holds a space, so these are nobody's but the batch's.
    key = None if once_key is None else f"{once_key} {place}"
    found = pool_of_sender(door, request.caller, fields)
    if isinstance(found, Refusal):
        return _placed(found, place)
    entry = door.intake.entry(fields, found, request.caller, key, request.trace)
    return entry if isinstance(entry, Entry | Objection) else _placed(entry, place)


def _placed(refused: Refusal, place: int) -> tuple[Problem, ...]:
    """The problems of one message, by the names their fields have in the batch."""
    here = f"messages[{place}]"
    return tuple(
        msgspec.structs.replace(one, field=f"{here}.{one.field}" if one.field else here) for one in refused.problems
    )


def _result(found: Receipt | Mismatch, place: int) -> Result:
    if isinstance(found, Receipt):
        return found
    return (Problem("idempotency-mismatch", f"messages[{place}]", MISMATCH),)


def _shown(result: Result) -> dict[str, Any]:
    if isinstance(result, Receipt):
        return {"id": result.id, "status": result.status}
    return {"problems": result}


def _messages(fields: dict[str, Any]) -> list[Any]:
    """The messages of the body. Refused with 422 where there are none, or too many."""
    problems = [
        Problem("field-unknown", name[:64], "Expected no field beside messages.")
        for name in list(fields)[:20]
        if name != "messages"
    ]
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        problems.append(Problem("field-type", "messages", f"Expected a list of 1 to {MOST} messages."))
    elif len(messages) > MOST:
        problems.append(Problem("messages-too-many", "messages", f"Expected at most {MOST} messages."))
    if problems:
        raise Refused(problem(422, "batch", "The batch cannot be taken; nothing was stored.", problems=problems))
    return list(messages or ())
